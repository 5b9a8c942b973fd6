package hub

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/gateway/hub/loglimit"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/sdp"
)

// lineCounter counts the lines of a log.
type lineCounter struct{ lines, bytes atomic.Int64 }

func (c *lineCounter) Write(b []byte) (int, error) {
	c.lines.Add(1)
	c.bytes.Add(int64(len(b)))
	return len(b), nil
}

// attacker is a member with pion in its hands.
type attacker struct {
	s    *site
	user string
	pc   *webrtc.PeerConnection
}

func newAttacker(s *site, user string, change ...func(*webrtc.SettingEngine)) *attacker {
	s.t.Helper()
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		s.t.Fatal(err)
	}
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	for _, f := range change {
		f(&settings)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(&interceptor.Registry{}), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = pc.GracefulClose() })
	return &attacker{s, user, pc}
}

// offer makes an offer; change may change it.
func (a *attacker) offer() string {
	a.s.t.Helper()
	offer, err := a.pc.CreateOffer(nil)
	if err != nil {
		a.s.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(a.pc)
	if err := a.pc.SetLocalDescription(offer); err != nil {
		a.s.t.Fatal(err)
	}
	<-gathered
	return a.pc.LocalDescription().SDP
}

// Connect opens a session and returns when it stands.
func (a *attacker) connect(kind string) {
	a.s.t.Helper()
	connected := make(chan struct{})
	once := sync.OnceFunc(func() { close(connected) })
	a.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once()
		}
	})
	answer, err := a.s.exchange(kind, a.user, nil)(a.s.t.Context(), a.offer())
	if err != nil {
		a.s.t.Fatal(err)
	}
	if err := a.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		a.s.t.Fatal(err)
	}
	select {
	case <-connected:
	case <-time.After(time.Minute):
		a.s.t.Fatal("never connected")
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Nothing a member sends costs the hub more than a bounded session, or others
// their sound. Each attack is counted: 20,000 packets, 2000 data channels.
func TestMemberCannotHarmTheHub(t *testing.T) {
	const packets = 20_000
	log := &lineCounter{}
	s := newSite(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	talker := s.talker("good")
	ear := s.ear("listener")
	s.allow("good")
	s.knows("good", true)
	s.take("good")
	s.admits("good")

	for name, attack := range map[string]func(t *testing.T){
		"RTP of fresh SSRCs": func(t *testing.T) {
			a := newAttacker(s, "rtp")
			track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: media.SampleRate, Channels: 2}, "voice", "attack")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
				t.Fatal(err)
			}
			a.connect(whip.KindWHIP)
			raw := rawRTP(t, a)
			for i := range packets {
				raw(&rtp.Header{Version: 2, PayloadType: 111, SSRC: uint32(i), SequenceNumber: uint16(i)})
				raw(&rtp.Header{Version: 2, PayloadType: uint8(i % 128), SSRC: uint32(-i), SequenceNumber: uint16(i)})
			}
		},
		"RTCP of fresh SSRCs at WHIP": func(t *testing.T) { floodRTCP(t, s, "rtcp", whip.KindWHIP, packets) },
		"RTCP of fresh SSRCs at WHEP": func(t *testing.T) { floodRTCP(t, s, "rtcp", whip.KindWHEP, packets) },
		"RTCP of fresh SSRCs at echo": func(t *testing.T) { floodRTCP(t, s, "rtcp", "echo/"+whip.KindWHEP, packets) },
		"data channels": func(t *testing.T) {
			a := newAttacker(s, "data")
			if _, err := a.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				t.Fatal(err)
			}
			var opened atomic.Int64
			for i := range 2000 {
				d, err := a.pc.CreateDataChannel(fmt.Sprint(i), nil)
				if err != nil {
					t.Fatal(err)
				}
				d.OnOpen(func() { opened.Add(1) })
			}
			a.connect(whip.KindWHEP)
			if n := opened.Load(); n != 0 {
				t.Errorf("%d data channels opened", n)
			}
		},
		"1000 sections": func(t *testing.T) {
			offer := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", 1000)
			for range 40 {
				if r := s.do(t.Context(), http.MethodPost, "/whep/"+channelID, tokenOf(t, claims("sections")), respond.SDP, offer); r.status != http.StatusBadRequest {
					t.Fatalf("%d %s", r.status, r.body)
				}
			}
		},
		"2000 candidates to a third party": func(t *testing.T) {
			third, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer third.Close()
			a := newAttacker(s, "candidates")
			if _, err := a.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				t.Fatal(err)
			}
			_, port, _ := net.SplitHostPort(third.LocalAddr().String())
			var all strings.Builder
			for i := range 900 {
				fmt.Fprintf(&all, "a=candidate:%d 1 udp %d 127.0.0.1 %s typ host\r\n", i, 1000+i, port)
			}
			where := ""
			if _, err := s.exchange(whip.KindWHEP, "candidates", &where)(t.Context(), a.offer()+all.String()); err != nil {
				t.Fatal(err)
			}
			r := s.patch("candidates", where, "*", all.String()[:sdp.MaxSize/8])
			if r.status != http.StatusNoContent {
				t.Errorf("PATCH: %d %s", r.status, r.body)
			}
			_ = third.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
			if n, from, err := third.ReadFrom(make([]byte, 1500)); err == nil {
				t.Errorf("a third party got %d bytes from %v", n, from)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, lines := heap(), log.lines.Load()
			attack(t)
			grown := heap() - before
			t.Logf("heap grew by %d KiB, %d log lines", grown>>10, log.lines.Load()-lines)
			// The attacker lives in this process too: its session, and what its own SRTP
			// keeps of each SSRC that it made up.
			if grown > 4<<20 {
				t.Errorf("heap grew by %d KiB, expected at most 4096", grown>>10)
			}
			if n := log.lines.Load() - lines; n > loglimit.Burst+10 {
				t.Errorf("%d log lines", n)
			}
			heard := ear.count()
			talker.keepSaying("others hear on", func() bool { return ear.count() > heard+3 })
		})
	}
}

// Patch sends an SDP fragment.
func (s *site) patch(user, path, match, fragment string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPatch, "http://"+s.hub.Addr().String()+path, strings.NewReader(fragment))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tokenOf(s.t, claims(user)))
	req.Header.Set("Content-Type", respond.TrickleICE)
	if match != "" {
		req.Header.Set("If-Match", match)
	}
	return s.send(req)
}

// rawRTP returns a way to send packets of any header.
func rawRTP(t *testing.T, a *attacker) func(h *rtp.Header) {
	t.Helper()
	var writer webrtc.TrackLocalWriter
	w := &writerThief{got: make(chan webrtc.TrackLocalWriter, 1)}
	sender := a.pc.GetSenders()[0]
	if err := sender.ReplaceTrack(w); err != nil {
		t.Fatal(err)
	}
	select {
	case writer = <-w.got:
	case <-time.After(time.Minute):
		t.Fatal("no writer")
	}
	payload := []byte{0xF8, 0xFF, 0xFE}
	return func(h *rtp.Header) { _, _ = writer.WriteRTP(h, payload) }
}

// writerThief is a track that gives away its writer.
type writerThief struct{ got chan webrtc.TrackLocalWriter }

func (w *writerThief) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	w.got <- c.WriteStream()
	return c.CodecParameters()[0], nil
}
func (w *writerThief) Unbind(webrtc.TrackLocalContext) error { return nil }
func (w *writerThief) ID() string                            { return "voice" }
func (w *writerThief) RID() string                           { return "" }
func (w *writerThief) StreamID() string                      { return "attack" }
func (w *writerThief) Kind() webrtc.RTPCodecType             { return webrtc.RTPCodecTypeAudio }

func floodRTCP(t *testing.T, s *site, user, kind string, packets int) {
	t.Helper()
	a := newAttacker(s, user)
	direction := webrtc.RTPTransceiverDirectionRecvonly
	if kind == whip.KindWHIP {
		direction = webrtc.RTPTransceiverDirectionSendonly
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: media.SampleRate, Channels: 2}, "voice", "attack")
	if err != nil {
		t.Fatal(err)
	}
	if kind == whip.KindWHIP {
		_, err = a.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: direction})
	} else {
		_, err = a.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: direction})
	}
	if err != nil {
		t.Fatal(err)
	}
	a.connect(kind)
	for i := range packets {
		_ = a.pc.WriteRTCP([]rtcp.Packet{
			&rtcp.PictureLossIndication{SenderSSRC: uint32(i), MediaSSRC: uint32(i)},
			&rtcp.SenderReport{SSRC: uint32(i)},
		})
	}
}
