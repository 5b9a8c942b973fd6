//go:build !race

// The race detector makes sync.Pool drop what it is given, so the stack allocates.

package rtc

import (
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// AllocsPerRun counts the whole process, so this holds for the port, the hub,
// the listener and the stack below all three.
func TestVoiceAllocatesNothing(t *testing.T) {
	hub, port := newEngine(t, Config{}), newEngine(t, Config{})
	var heard atomic.Int64
	_, l := listenTo(t, port, hub, func(media.Packet) { heard.Add(1) })
	p, _ := publishTo(t, port, hub, func(p *rtp.Packet) { _ = l.WriteRTP(p) })
	frame := make([]byte, 60)
	var sent int64
	say := func() {
		sent++
		if err := p.WriteOpus(frame, uint32(sent*media.FrameSamples), sent == 1); err != nil {
			t.Fatal(err)
		}
		for heard.Load() < sent {
			time.Sleep(10 * time.Microsecond)
		}
	}
	for range 100 {
		say()
	}
	// What the path allocates it allocates in every run; what else runs in the
	// process, and on a busy machine has more time to, does not in the shortest.
	n := math.Inf(1)
	for try := 0; n != 0 && try < 50; try++ {
		n = min(n, testing.AllocsPerRun(40, say))
	}
	if n != 0 {
		t.Errorf("%v allocations a frame from port to port, want 0", n)
	}
}
