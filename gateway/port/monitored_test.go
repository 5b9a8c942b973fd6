package port

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
)

// tapped keeps what it sees.
type tapped struct {
	mu    sync.Mutex
	sent  int
	heard []media.Packet
}

func (t *tapped) Sent([]byte, uint32, bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
}

func (t *tapped) Heard(p media.Packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = append(t.heard, p)
}

// TestMonitoredChannels: the mixer is the port's. The own channel takes the place of a
// monitored one, as one stream; the port says whom it hears; a tap sees what is heard, and
// what is sent.
func TestMonitoredChannels(t *testing.T) {
	tap := &tapped{}
	inBubbleWith(t, func(o *Options) { o.Channels[0].Monitored, o.Tap = []string{"m1"}, tap }, func(w *world) {
		opus := make([]byte, 80)
		say := func(channel int, seq uint16) {
			w.link.events.Receive(media.Packet{Channel: channel, Seq: seq, Timestamp: uint32(seq) * media.FrameSamples, Arrived: time.Now(), Opus: opus})
		}
		say(1, 100)
		if got := w.port.Hears(); got != "m1" {
			t.Errorf("hears %q", got)
		}
		w.pass(media.FrameDuration)
		say(0, 7)
		say(1, 101) // not heard beside the own channel
		if got := w.port.Hears(); got != "c1" {
			t.Errorf("hears %q", got)
		}
		if n := w.port.HeardStats().Received; n != 2 {
			t.Errorf("%d packets reached the jitter buffer, want 2", n)
		}
		if h := tap.heard; len(h) != 2 || h[0].Channel != 1 || h[1].Channel != 0 || h[1].Seq != h[0].Seq+1 || !h[1].Marker {
			t.Errorf("the tap saw %+v", h)
		}
		w.press()
		w.pass(time.Second)
		w.release()
		w.pass(time.Second)
		if frames := w.link.take(); len(frames) == 0 || tap.sent != len(frames) {
			t.Errorf("the tap saw %d of %d frames", tap.sent, len(frames))
		}
	})
}

// TestReadyIsWaitedFor: a link is not run before the port may connect.
func TestReadyIsWaitedFor(t *testing.T) {
	ready := make(chan struct{})
	inBubbleWith(t, func(o *Options) {
		ready = make(chan struct{})
		o.Ready = func(ctx context.Context) {
			select {
			case <-ready:
			case <-ctx.Done():
			}
		}
	}, func(w *world) {
		w.pass(10 * time.Second)
		if s := w.now(); s.Link != LinkStarting {
			t.Errorf("the link is %q before it may connect", s.Link)
		}
		close(ready)
		w.pass(time.Second)
		if s := w.now(); !s.Lamps.Link {
			t.Errorf("not on air: %+v", s)
		}
	})
}
