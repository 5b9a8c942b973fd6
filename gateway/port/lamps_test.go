package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/floor"
)

// hungPanel is a panel whose lines do not return from a system call until it is mended.
type hungPanel struct {
	hal.Panel
	mended chan struct{}
}

func (p hungPanel) Show(l hal.Lamps) error {
	<-p.mended
	return p.Panel.Show(l)
}

func (p hungPanel) Close() error {
	<-p.mended
	return p.Panel.Close()
}

// TestHungLamp: a lamp line that hangs delays neither a press nor a revocation, and the
// port still ends: the microphone shut, the floor handed back, the hardware closed.
func TestHungLamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Millisecond)
		panel := hungPanel{w.radio.Panel, make(chan struct{})}
		w.adapt = func(o *Options) { o.Hardware.Lamps = panel }
		w.start()
		w.press()
		w.pass(50 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.redis.allow(false, true)
		revoked := time.Now()
		w.pass(time.Millisecond)
		w.expect(floor.Refused, floor.Revoked)
		w.pass(time.Second)
		if frames := w.link.take(); len(frames) == 0 || frames[len(frames)-1].at.After(revoked) {
			t.Errorf("%d frames, or one after the revocation", len(frames))
		}
		w.release()
		w.redis.allow(true, true)
		w.press()
		w.pass(50 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		began := time.Now()
		if err := w.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the port took %v to end", took)
		}
		if held := w.redis.held(); len(held) > 0 {
			t.Errorf("locks left behind: %v", held)
		}
		if _, err := w.radio.PTTOut.Active(), w.radio.Mic.Err(); err == nil {
			t.Error("the microphone is not closed")
		}
		close(panel.mended)
		synctest.Wait()
		if w.radio.Panel.Lamps() != (hal.Lamps{}) {
			t.Error("lamps are lit at the end")
		}
	})
}

// TestLampsShowTheLatest: of what a slow panel misses, the latest is shown.
func TestLampsShowTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Millisecond)
		panel := hungPanel{w.radio.Panel, make(chan struct{})}
		w.adapt = func(o *Options) { o.Hardware.Lamps = panel }
		w.start()
		for range 5 {
			w.press()
			w.pass(50 * time.Millisecond)
			w.release()
			w.pass(300 * time.Millisecond)
		}
		w.press()
		w.pass(50 * time.Millisecond)
		close(panel.mended)
		w.pass(time.Millisecond)
		if got := w.radio.Panel.Lamps(); got != w.now().Lamps || !got.Talk {
			t.Errorf("shown %+v, want %+v", got, w.now().Lamps)
		}
		w.release()
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}
