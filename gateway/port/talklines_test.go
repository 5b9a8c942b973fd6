package port

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/floor"
)

// withCOR runs body with a port that has a squelch beside its button. before, if
// not nil, sets the scene.
func withCOR(t *testing.T, before func(w *world), body func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Millisecond)
		w.adapt = func(opt *Options) { opt.Hardware.COR = w.radio.COR }
		if before != nil {
			before(w)
		}
		w.start()
		body(w)
		if err := w.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestCORTalks: an open squelch talks as a held button does, and each goes on
// where the other ends.
func TestCORTalks(t *testing.T) {
	withCOR(t, nil, func(w *world) {
		for _, step := range []struct {
			name string
			line *sim.Input
			on   bool
			want floor.Phase
		}{
			{"opened", w.radio.COR, true, floor.Talking},
			{"pressed while open", w.radio.Button, true, floor.Talking},
			{"closed while pressed", w.radio.COR, false, floor.Talking},
			{"opened while pressed", w.radio.COR, true, floor.Talking},
			{"let go while open", w.radio.Button, false, floor.Talking},
			{"closed", w.radio.COR, false, floor.Idle},
			{"pressed alone", w.radio.Button, true, floor.Talking},
			{"let go", w.radio.Button, false, floor.Idle},
		} {
			step.line.Set(step.on)
			w.pass(500 * time.Millisecond)
			if got := w.now().Floor.Phase; got != step.want {
				t.Fatalf("%s: %v, want %v", step.name, got, step.want)
			}
		}
		if w.redis.requests != 2 {
			t.Errorf("%d requests, want 2", w.redis.requests)
		}
	})
}

// TestCOROpenAtStart does not talk until it has been closed once, and does not
// keep the button from talking.
func TestCOROpenAtStart(t *testing.T) {
	withCOR(t, func(w *world) { w.radio.COR.Set(true); <-w.radio.COR.Edges() }, func(w *world) {
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
		w.radio.COR.Set(false)
		w.radio.COR.Set(true)
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Set(false)
	})
}

// TestCORVanishes ends the talk spurt and the port.
func TestCORVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Millisecond)
		w.adapt = func(opt *Options) { opt.Hardware.COR = w.radio.COR }
		w.start()
		w.radio.COR.Set(true)
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Unplug()
		w.pass(time.Second)
		if err := w.stop(); !errors.Is(err, hal.ErrGone) {
			t.Errorf("Run: %v", err)
		}
		if w.redis.held() != nil {
			t.Error("the floor is still held")
		}
	})
}
