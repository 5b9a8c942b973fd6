package port

import (
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
)

// roomNoise is made once: it takes a while.
var roomNoise = sync.OnceValue(func() sim.Source { return sim.Noise(7) })

// inARoom is source from one sample to another, and before, after and beneath it
// soft noise.
func inARoom(source sim.Source, from, to uint64) sim.Source {
	room := roomNoise()
	return func(index uint64, period []int16) {
		room(index, period)
		var over [hal.PeriodSamples]int16
		source(index, over[:])
		for i := range period {
			period[i] /= 64
			if n := index + uint64(i); n >= from && n < to {
				period[i] += over[i]
			}
		}
	}
}

func withVOX(o *Options) {
	o.Detector = detect.NewVOX(detect.VOXConfig{
		Threshold: 12, Attack: 50 * time.Millisecond, PreRoll: 100 * time.Millisecond, Hang: 500 * time.Millisecond,
	})
	o.Hardware.PTT = nil // nobody has a button
}

// TestVOXTalks: who speaks, talks, from before the first sound to the hang after
// the last; a room does not.
func TestVOXTalks(t *testing.T) {
	inBubbleWith(t, withVOX, func(w *world) {
		w.radio.Mic.Hear(inARoom(sim.Silence(), 0, 0))
		w.pass(10 * time.Second)
		w.expect(floor.Idle, floor.NoReason)
		for range 5 {
			w.pass(13700 * time.Microsecond)
			from := w.radio.Mic.IndexAt(time.Now()) + 4321
			to := from + media.SampleRate
			w.radio.Mic.Hear(inARoom(sim.Tone(700, -20, from), from, to))
			w.pass(500 * time.Millisecond)
			w.expect(floor.Talking, floor.NoReason)
			if !w.port.Detects() {
				t.Error("it does not say that it is open")
			}
			w.pass(2 * time.Second)
			w.expect(floor.Idle, floor.NoReason)
			frames := w.link.take()
			first, end := uint64(frames[0].timestamp), uint64(frames[len(frames)-1].timestamp)
			if early := int(from - first); early < 4800-480 || early > 4800+2*media.FrameSamples {
				t.Errorf("sent from %d samples before the first sound, the pre-roll is 4800", early)
			}
			if late := int(end - to); late < 24000-480 || late > 24000+3*media.FrameSamples {
				t.Errorf("sent to %d samples after the last sound, the hang is 24000", late)
			}
		}
		if w.redis.requests != 5 {
			t.Errorf("asked %d times for 5 talk spurts", w.redis.requests)
		}
	})
}

// TestVOXDoesNotTalkBack: what the channel says comes out of the loudspeaker into the
// microphone, and does not ask for the floor.
func TestVOXDoesNotTalkBack(t *testing.T) {
	inBubbleWith(t, withVOX, func(w *world) {
		air := sim.NewRecorder(time.Second)
		w.radio.Speaker.SetTap(air.Tap)
		room := inARoom(sim.Silence(), 0, 0)
		w.radio.Mic.Hear(func(index uint64, period []int16) {
			room(index, period)
			// As loud as it is played, 50 ms after it was.
			heard, _ := air.Since(w.radio.Mic.TimeOf(index).Add(-60 * time.Millisecond))
			for i := range min(len(heard), len(period)) {
				period[i] += heard[i]
			}
		})
		w.pass(5 * time.Second)
		w.speakTo(0, 3*time.Second)
		w.pass(2 * time.Second)
		if w.redis.requests != 0 {
			t.Errorf("asked for the floor %d times", w.redis.requests)
		}
		if w.port.MicLevel().Peak() < -60 {
			t.Error("the microphone did not hear the loudspeaker")
		}
	})
}

// TestVOXWithADeadMicrophone: one that hangs in mid-speech does not hold the floor.
func TestVOXWithADeadMicrophone(t *testing.T) {
	inBubbleWith(t, withVOX, func(w *world) {
		w.radio.Mic.Hear(inARoom(sim.Silence(), 0, 0))
		w.pass(5 * time.Second)
		w.radio.Mic.Hear(inARoom(sim.Tone(700, -20, 0), 0, 1<<40))
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.Mic.Freeze(true)
		w.pass(2 * time.Second)
		w.expect(floor.Refused, floor.NoSound)
		w.radio.Mic.Freeze(false)
	})
}

// TestCTCSSTailElimination: of the noise from the end of the carrier until the tone is
// missed nothing is heard, and all that was said before the tail is.
func TestCTCSSTailElimination(t *testing.T) {
	const tail = 250 * time.Millisecond
	inBubbleWith(t, func(o *Options) {
		tone, err := detect.NewCTCSS(88.5)
		if err != nil {
			t.Fatal(err)
		}
		o.Detector, o.Hardware.PTT, o.Squelch.Tail = tone, nil, tail
	}, func(w *world) {
		speech, tone, noise := sim.Tone(1000, -20, 0), sim.Tone(88.5, -27, 0), sim.Noise(5)
		for phase := range 7 {
			w.radio.Mic.Hear(func(index uint64, period []int16) {
				var below [hal.PeriodSamples]int16
				tone(index, below[:])
				speech(index, period)
				for i := range period {
					period[i] += below[i]
				}
			})
			w.pass(time.Second + time.Duration(3*phase)*time.Millisecond)
			end := w.radio.Mic.IndexAt(time.Now())
			w.radio.Mic.Hear(noise)
			w.pass(time.Second)
			w.expect(floor.Idle, floor.NoReason)
			frames := w.link.take()
			if top := loudness(t, frames, end-9000, end-6000); top < 2000 {
				t.Errorf("phase %d: speech before the tail is at %d", phase, top)
			}
			if top := loudness(t, frames, end+1000, end+48000); top > 600 {
				t.Errorf("phase %d: noise of the tail is heard at %d", phase, top)
			}
		}
	})
}

// TestCTCSSTalks: a radio is listened to only while its tone is there.
func TestCTCSSTalks(t *testing.T) {
	inBubbleWith(t, func(o *Options) {
		tone, err := detect.NewCTCSS(88.5)
		if err != nil {
			t.Fatal(err)
		}
		o.Detector, o.Hardware.PTT = tone, nil
	}, func(w *world) {
		speech := inARoom(sim.Tone(1000, -20, 0), 0, 1<<40)
		w.radio.Mic.Hear(speech)
		w.pass(5 * time.Second)
		if w.redis.requests != 0 {
			t.Error("what has no tone talks")
		}
		from := w.radio.Mic.IndexAt(time.Now())
		tone := sim.Tone(88.5, -27, from)
		w.radio.Mic.Hear(func(index uint64, period []int16) {
			var below [hal.PeriodSamples]int16
			tone(index, below[:])
			speech(index, period)
			for i := range period {
				period[i] += below[i]
			}
		})
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		if first := uint64(w.link.take()[0].timestamp); first > from+2400 || first+4800 < from {
			t.Errorf("sent from %d on, the tone is there from %d", first, from)
		}
		w.radio.Mic.Hear(speech)
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
	})
}
