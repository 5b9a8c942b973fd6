package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
)

// TestTalkIsLockedByDTMF: with a code talking is locked in mid-spurt, stays locked,
// and is freed; without one nothing is.
func TestTalkIsLockedByDTMF(t *testing.T) {
	inBubbleWith(t, func(o *Options) { o.Remote = detect.NewRemote([]string{"4711"}) }, func(w *world) {
		dial := func(digits string) {
			w.radio.Mic.Hear(sim.Dial(digits, w.radio.Mic.IndexAt(time.Now())+4800))
			w.pass(time.Duration(sim.DialTime(digits))*time.Second/media.SampleRate + 300*time.Millisecond)
		}
		w.radio.Mic.Hear(sim.Silence())
		w.press()
		dial("*47122#")
		w.expect(floor.Talking, floor.NoReason)
		dial("*47112#")
		w.expect(floor.Idle, floor.NoReason)
		if !w.port.TalkLocked() || len(w.redis.held()) != 0 {
			t.Error("it is not locked, or the floor is still held")
		}
		w.release()
		asked := w.redis.requests
		w.press()
		w.pass(time.Second)
		if w.expect(floor.Idle, floor.NoReason); w.redis.requests != asked {
			t.Error("a locked port asked for the floor")
		}
		w.release()
		dial("*47113#")
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
		w.pass(time.Second)
	})
}

// TestDigitsAreNotHeardOnTheChannel: while somebody talks, digits that are dialled are
// sent as silence, the rest of what is said is there, and none of it from before the
// press.
func TestDigitsAreNotHeardOnTheChannel(t *testing.T) {
	inBubbleWith(t, func(o *Options) { o.Remote = detect.NewRemote(nil) }, func(w *world) {
		w.radio.Mic.Hear(sim.Tone(500, -20, 0))
		w.pass(time.Second)
		for range 5 {
			w.pass(3700 * time.Microsecond)
			pressed := w.radio.Mic.IndexAt(w.press())
			w.pass(time.Second)
			from := (w.radio.Mic.IndexAt(time.Now())/480 + 1) * 480
			to := from + sim.DialTime("159D")
			before, digits, after := sim.Tone(500, -20, 0), sim.Dial("159D", from), sim.Tone(500, -20, 0)
			w.radio.Mic.Hear(func(index uint64, period []int16) {
				switch {
				case index < from:
					before(index, period)
				case index < to:
					digits(index, period)
				default:
					after(index, period)
				}
			})
			w.pass(time.Duration(to-from)*time.Second/media.SampleRate + 500*time.Millisecond)
			released := w.radio.Mic.IndexAt(w.release())
			w.pass(time.Second)
			w.expect(floor.Idle, floor.NoReason)
			frames := w.link.take()
			for i := range frames { // by the card's samples
				frames[i].timestamp -= detect.MutingDelay
			}
			if first := uint64(frames[0].timestamp); first+media.FrameSamples+480 < pressed || first > pressed {
				t.Errorf("pressed at %d, sent from %d", pressed, first)
			}
			if last := uint64(frames[len(frames)-1].timestamp) + media.FrameSamples; last < released {
				t.Errorf("released at %d, sent to %d", released, last)
			}
			const margin = detect.MutingDelay + 1000 // and what the decoder needs to come up or die away
			for _, part := range []struct {
				name     string
				from, to uint64
				heard    bool
			}{
				{"speech", pressed + 1000, from - margin, true},
				{"speech up to the digits", from - margin - 2000, from - margin, true},
				{"the digits", from, to - 3840, false},
				{"speech after them", to + margin, to + margin + 2000, true},
				{"speech to the end", released - 2000, released, true},
			} {
				if top := loudness(t, frames, part.from, part.to); (top > 2000) != part.heard || !part.heard && top > 200 {
					t.Errorf("%s is at %d", part.name, top)
				}
			}
		}
	})
}
