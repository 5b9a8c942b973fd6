package forward

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/media/rtc/rtctest"
)

// BenchmarkForward is a packet of the talker to all listeners of a channel, gate
// and hold-back included, against the bare fan-out of pion: one
// TrackLocalStaticRTP that all of them share, without interceptors. ratio is the
// median over pairs timed in alternation.
func BenchmarkForward(b *testing.B) {
	for _, listeners := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprint(listeners), func(b *testing.B) {
			ours, bare := fanOuts(b, listeners)
			rounds := max(1, 1000/listeners)
			run := func(send func()) time.Duration {
				began := time.Now()
				for range rounds {
					send()
				}
				return time.Since(began)
			}
			run(ours)
			run(bare)
			var ratios []float64
			var own time.Duration
			for b.Loop() || len(ratios) < 15 {
				var o, p time.Duration
				if len(ratios)%2 == 0 {
					o, p = run(ours), run(bare)
				} else {
					p, o = run(bare), run(ours)
				}
				own += o
				ratios = append(ratios, float64(o)/float64(p))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "ratio")
			b.ReportMetric(float64(own.Nanoseconds())/float64(len(ratios)*rounds*listeners), "ns/packet")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// fanOuts returns two ways to send one packet to n connections each. The other
// ends go deaf before, so that only the sending is measured.
func fanOuts(b *testing.B, n int) (ours, bare func()) {
	b.Helper()
	from, err := icelite.NewServer(icelite.Config{UDP: "127.0.0.1:0", PeerTimeout: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = from.Close() })
	to, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}, PeerTimeout: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	cable := rtctest.NewCable(b)
	src := newSource("a")
	f := openTo(src)
	track := bareTrack(b)
	api := bareAPI(b)
	for range n {
		connect(b, to, func(_ context.Context, offer string) (string, error) {
			l, answer, err := from.AcceptSubscriber(offer)
			if err == nil {
				b.Cleanup(func() { _ = l.Close() })
				f.AddListener(&Listener{Deaf: new(atomic.Bool), Out: l})
			}
			return cable.Through(answer), err
		})
		connect(b, to, func(_ context.Context, offer string) (string, error) {
			answer, err := bareAnswer(b, api, track, offer)
			return cable.Through(answer), err
		})
	}
	cable.Cut()

	p := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: make([]byte, 60)}
	step := func() { p.SequenceNumber++; p.Timestamp += media.FrameSamples }
	return func() { step(); src.paid = time.Time{}; f.Receive(src, p) }, func() { step(); _ = track.WriteRTP(p) }
}

// openTo lets open be heard for longer than a benchmark takes.
func openTo(open *Source) *Forwarder {
	f := New(Config{Hold: hold, Traffic: &Traffic{}, Begun: func() {}})
	f.Admit(open, Grant{UserID: open.UserID, Epoch: 1}, time.Now().Add(time.Hour))
	return f
}

func connect(b *testing.B, to *rtc.Engine, exchange rtc.Exchange) {
	b.Helper()
	s, err := to.Subscribe(b.Context(), exchange, func(media.Packet) {})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
}

var bareOpus = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: media.SampleRate, Channels: 2, SDPFmtpLine: "minptime=20;useinbandfec=1"}

func bareTrack(b *testing.B) *webrtc.TrackLocalStaticRTP {
	b.Helper()
	t, err := webrtc.NewTrackLocalStaticRTP(bareOpus, "voice", "bare")
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func bareAPI(b *testing.B) *webrtc.API {
	b.Helper()
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: bareOpus, PayloadType: 111}, webrtc.RTPCodecTypeAudio); err != nil {
		b.Fatal(err)
	}
	s := webrtc.SettingEngine{}
	s.SetICETimeouts(time.Hour, time.Hour, time.Hour)
	s.SetIncludeLoopbackCandidate(true)
	s.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	return webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(&interceptor.Registry{}), webrtc.WithSettingEngine(s))
}

func bareAnswer(b *testing.B, api *webrtc.API, track webrtc.TrackLocal, offer string) (string, error) {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	b.Cleanup(func() { _ = pc.GracefulClose() })
	if _, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		return "", err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return pc.LocalDescription().SDP, nil
}
