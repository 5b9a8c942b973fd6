package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// amplifierHold is how long the amplifier stays enabled after the last sound.
const amplifierHold = time.Second

// TestAmplifierIsEnabledAroundSound: with the first sound, speech or tone, until
// after the last, and not when the card hangs.
func TestAmplifierIsEnabledAroundSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, amp := newWorld(t, time.Millisecond), sim.NewOutput("amplifier")
		w.adapt = func(opt *Options) {
			opt.Hardware.PTTOut, opt.Hardware.Amplifier, opt.Tones = nil, amp, media.NewTones()
		}
		var edges []hal.Edge
		amp.Watch(func(e hal.Edge) { edges = append(edges, e) })
		w.start()
		silent := 0 // periods with sound and no amplifier
		w.radio.Speaker.SetTap(func(_ time.Time, period []int16) {
			for _, s := range period {
				if s != 0 && !amp.Active() {
					silent++
					return
				}
			}
		})
		w.speakTo(0, time.Second)
		w.pass(amplifierHold / 2)
		if !amp.Active() {
			t.Error("not enabled between words")
		}
		w.pass(amplifierHold)
		if amp.Active() || len(edges) != 2 {
			t.Errorf("enabled %v after speech", edges)
		}
		w.press() // the permit tone
		w.pass(100 * time.Millisecond)
		if !amp.Active() {
			t.Error("not enabled for a tone")
		}
		w.radio.Speaker.Freeze(true)
		w.pass(2 * amplifierHold)
		if amp.Active() {
			t.Error("enabled by a card that hangs")
		}
		w.radio.Speaker.Freeze(false)
		w.release()
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		// The line follows the card's goroutine: one period is late each time.
		if silent > 2 {
			t.Errorf("%d periods were not amplified", silent)
		}
	})
}
