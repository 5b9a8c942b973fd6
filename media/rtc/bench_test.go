package rtc

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/sdp"
)

const voiceBytes = 60 // of a 20 ms frame at 24 kbit/s

// compare times ours and bare in alternation and reports the median of their
// ratios, which the noise of a shared machine hardly moves.
func compare(b *testing.B, packets int, ours, bare func()) {
	b.Helper()
	timed := func(f func()) time.Duration {
		began := time.Now()
		f()
		return time.Since(began)
	}
	ours()
	bare()
	var ratios []float64
	var own time.Duration
	for b.Loop() {
		var o, p time.Duration
		if len(ratios)%2 == 0 {
			o, p = timed(ours), timed(bare)
		} else {
			p, o = timed(bare), timed(ours)
		}
		own += o
		ratios = append(ratios, float64(o)/float64(p))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(float64(own.Nanoseconds())/float64(len(ratios)*packets), "ns/packet")
	b.ReportMetric(0, "ns/op")
}

// benchEngines is a sending engine, and a receiving one that deafen makes deaf, so
// that only the sending side is measured.
func benchEngines(b *testing.B) (from, to *Engine, deafen func()) {
	b.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn})
	return newEngine(b, Config{PeerTimeout: time.Hour}),
		newEngine(b, Config{PeerTimeout: time.Hour, mux: mux}), func() { _ = mux.Close() }
}

// bareTrack is what a session of ours would be with pion alone.
func bareTrack(b *testing.B) *webrtc.TrackLocalStaticRTP {
	b.Helper()
	t, err := webrtc.NewTrackLocalStaticRTP(opusCapability(), "voice", "talkgate")
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// bareListener connects a peer connection that sends t, as a server would.
func bareListener(b *testing.B, from, to *Engine, t webrtc.TrackLocal) {
	b.Helper()
	s, err := to.Subscribe(b.Context(), func(ctx context.Context, offer string) (string, error) {
		c, err := from.newConn()
		if err != nil {
			return "", err
		}
		b.Cleanup(func() { _ = c.Close() })
		if _, err := c.pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			return "", err
		}
		return c.answer(ctx, offer, sdp.RecvOnly)
	}, func(media.Packet) {})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
}

// BenchmarkWriteOpus is the port's sending against a bare
// TrackLocalStaticRTP.WriteRTP with a reused packet.
func BenchmarkWriteOpus(b *testing.B) {
	const packets = 2000
	from, to, deafen := benchEngines(b)
	p, _ := publishTo(b, from, to, func(*rtp.Packet) {})
	bare := bareTrack(b)
	bareListener(b, from, to, bare)
	deafen()

	frame := make([]byte, voiceBytes)
	packet := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: frame}
	compare(b, packets, func() {
		for i := range packets {
			_ = p.WriteOpus(frame, uint32(i*media.FrameSamples), false)
		}
	}, func() {
		for range packets {
			packet.SequenceNumber++
			packet.Timestamp += media.FrameSamples
			_ = bare.WriteRTP(packet)
		}
	})
}
