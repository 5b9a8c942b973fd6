package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

// heartbeatHalf is how long the line stays at a level.
const heartbeatHalf = 250 * time.Millisecond

// TestHeartbeatStopsWithAnyPart: it toggles while the port lives, also while it
// talks, and stands still once a part of it does.
func TestHeartbeatStopsWithAnyPart(t *testing.T) {
	for name, freeze := range map[string]func(w *world, line *watched, frozen bool){
		"line":        func(_ *world, line *watched, frozen bool) { line.hung.Store(frozen) },
		"microphone":  func(w *world, _ *watched, frozen bool) { w.radio.Mic.Freeze(frozen) },
		"loudspeaker": func(w *world, _ *watched, frozen bool) { w.radio.Speaker.Freeze(frozen) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, out := newWorld(t, 400*time.Millisecond), sim.NewOutput("heartbeat")
				line := &watched{Input: w.radio.Button}
				w.adapt = func(opt *Options) { opt.Hardware.PTT, opt.Hardware.Heartbeat = line, out }
				beats := 0
				out.Watch(func(hal.Edge) { beats++ })
				w.start()
				in := func(d time.Duration) int {
					before := beats
					w.pass(d)
					return beats - before
				}
				w.press()
				if n, want := in(20*time.Second), int(20*time.Second/heartbeatHalf); n < want-1 || n > want+1 {
					t.Errorf("%d changes in 20 s, want %d", n, want)
				}
				w.release()
				freeze(w, line, true)
				w.pass(5 * time.Second)
				if n := in(20 * time.Second); n > 0 {
					t.Errorf("%d changes while it stands still", n)
				}
				freeze(w, line, false)
				w.pass(2 * time.Second)
				if in(2*time.Second) == 0 {
					t.Error("no change after it moved again")
				}
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				if out.Active() {
					t.Error("the line is left active")
				}
			})
		})
	}
}
