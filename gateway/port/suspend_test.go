package port

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/state/floor"
)

// TestTheLeaseDoesNotOutliveASuspend suspends the machine in mid-spurt, with Redis away
// when it resumes: not one frame is sent any more.
func TestTheLeaseDoesNotOutliveASuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var suspended atomic.Int64
		w := newWorld(t, time.Millisecond)
		w.adapt = func(o *Options) { o.Suspended = func() time.Duration { return time.Duration(suspended.Load()) } }
		w.start()
		w.press()
		w.pass(2 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		if len(w.link.take()) == 0 {
			t.Fatal("nothing is sent before the suspend")
		}
		w.redis.mu.Lock()
		w.redis.lost = true
		w.redis.mu.Unlock()
		suspended.Store(int64(time.Minute))
		w.pass(time.Second)
		if sent := w.link.take(); len(sent) > 0 {
			t.Errorf("%d frames are sent after a suspend of a minute", len(sent))
		}
		if s := w.now(); s.Floor.Phase == floor.Talking {
			t.Error("the port still shows talking")
		}
		w.release()
		w.redis.mu.Lock()
		w.redis.lost = false
		w.redis.mu.Unlock()
		w.pass(5 * time.Second)
		w.press()
		w.pass(time.Second)
		if len(w.link.take()) == 0 {
			t.Error("a press after the suspend is not heard")
		}
		w.release()
		w.pass(time.Second)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestReadingsApartAreNoSuspend: two readings that lie apart, on a machine that is busy,
// move the clock by nothing.
func TestReadingsApartAreNoSuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var off time.Duration
		c := newLeaseClock(func() time.Duration { return time.Hour + off })
		for _, off = range []time.Duration{0, 99 * time.Millisecond, -time.Second, 0} {
			if now := c.Now(); now != 0 {
				t.Errorf("readings that are %v apart: %v", off, now)
			}
		}
		off = 3 * time.Second
		time.Sleep(time.Second)
		if now := c.Now(); now != 4*time.Second {
			t.Errorf("after a second and a suspend of 3 s: %v", now)
		}
	})
}
