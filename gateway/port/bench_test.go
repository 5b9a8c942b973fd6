package port

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/gateway/port/sender/sendertest"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/rtc"
)

// onTheWire is a real session to a real listener on loopback.
func onTheWire(b *testing.B) *rtc.Publication {
	b.Helper()
	engine := func(cfg rtc.Config) *rtc.Engine {
		cfg.Interfaces = []string{"lo"}
		e, err := rtc.NewEngine(cfg)
		if err != nil {
			b.Fatal(err)
		}
		return e
	}
	hub, err := icelite.NewServer(icelite.Config{UDP: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = hub.Close() })
	p, err := engine(rtc.Config{}).Publish(b.Context(), func(_ context.Context, offer string) (string, error) {
		_, answer, err := hub.AcceptPublisher(offer, func(*rtp.Packet) {})
		return answer, err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.Close() })
	return p
}

// BenchmarkTalk is all that a port does with a frame, from the card to SRTP, beside
// the encoder and the session alone: both arms in turn on the same speech, the
// median of the ratios of all pairs (-benchtime 15x or more). What the session costs beside bare
// pion is media/rtc's BenchmarkWriteOpus.
func BenchmarkTalk(b *testing.B) {
	ours := sendertest.Talk(b, sendertest.WithFEC(), sendertest.AllStages(), onTheWire(b), sendertest.Source(sim.Speech(0)))
	compare(b, ours.Frame, sendertest.Encode(b, sendertest.WithFEC(), onTheWire(b), sendertest.Source(sim.Speech(0))))
}

// compare takes two arms in turn, a frame of 20 ms each, and reports the ratio of what
// they take of the processor: what else runs on the machine does not count.
func compare(b *testing.B, ours, bare func()) {
	b.Helper()
	const frames = 100
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spent := func() time.Duration {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	timed := func(frame func()) time.Duration {
		began := spent()
		for range frames {
			frame()
		}
		return spent() - began
	}
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
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(float64(own.Microseconds())/float64(len(ratios)*frames), "µs/frame")
	b.ReportMetric(ratios[len(ratios)/2], "ours/bare")
}
