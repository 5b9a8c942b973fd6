package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
)

// withSquelch runs body with a port whose radio's squelch has a timing.
func withSquelch(t *testing.T, timing squelch.Timing, body func(w *world)) {
	t.Helper()
	withCOR(t, func(w *world) {
		adapt := w.adapt
		w.adapt = func(o *Options) { adapt(o); o.Squelch = timing }
	}, body)
}

// loudness is the highest sample, by what the listener's decoder makes of the
// frames, of what the microphone captured from one sample to another.
func loudness(t *testing.T, frames []frame, from, to uint64) int16 {
	t.Helper()
	dec, err := media.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	var pcm [media.FrameSamples]int16
	var top int16
	for _, f := range frames {
		if _, err := dec.Decode(f.opus, pcm[:]); err != nil {
			t.Fatal(err)
		}
		for i, s := range pcm {
			// The decoder delivers a sample the encoder's look-ahead after it went in.
			if at := uint64(f.timestamp) + uint64(i); at >= from+lookahead && at < to+lookahead {
				top = max(top, s, -s)
			}
		}
	}
	return top
}

const lookahead = 312 // samples, of Opus at 48 kHz

// TestKerchunk: too short an opening asks nobody; one that lasts is sent from its
// first syllable.
func TestKerchunk(t *testing.T) {
	withSquelch(t, squelch.Timing{OpenDelay: 200 * time.Millisecond}, func(w *world) {
		for range 3 {
			w.radio.COR.Set(true)
			w.pass(150 * time.Millisecond)
			w.radio.COR.Set(false)
			w.pass(500 * time.Millisecond)
		}
		if n := len(w.link.take()); n > 0 || w.redis.requests > 0 {
			t.Errorf("%d frames and %d requests for kerchunks", n, w.redis.requests)
		}
		if s := w.port.SquelchStats(); s.Ignored != 3 {
			t.Errorf("%+v, want 3 ignored", s)
		}
		from := w.radio.Mic.IndexAt(w.radio.COR.Set(true))
		w.pass(time.Second)
		to := w.radio.Mic.IndexAt(w.radio.COR.Set(false))
		w.pass(time.Second)
		frames := w.link.take()
		if len(frames) == 0 {
			t.Fatal("nothing was sent")
		}
		for i, f := range frames[1:] {
			if f.timestamp != frames[i].timestamp+media.FrameSamples {
				t.Fatalf("frame %d starts at %d after %d", i+1, f.timestamp, frames[i].timestamp)
			}
		}
		if first, end := uint64(frames[0].timestamp), uint64(frames[len(frames)-1].timestamp)+media.FrameSamples; first > from || end < to {
			t.Errorf("said %d to %d, sent %d to %d", from, to, first, end)
		}
	})
}

// TestTailElimination: the noise before the squelch closes is not heard, at
// whatever instant of a frame it closes, and what was said before it is.
func TestTailElimination(t *testing.T) {
	const tail = 150 * time.Millisecond
	withSquelch(t, squelch.Timing{Tail: tail}, func(w *world) {
		for phase := 0; phase < 20; phase += 3 {
			w.radio.Mic.Hear(sim.Tone(700, -20, 0))
			w.pass(50*time.Millisecond + time.Duration(phase)*time.Millisecond)
			w.radio.COR.Set(true)
			w.pass(500 * time.Millisecond)
			speech := w.radio.Mic.IndexAt(time.Now())
			w.radio.Mic.Hear(sim.Noise(uint64(phase))) // the carrier is gone
			w.pass(tail - 5*time.Millisecond)
			end := w.radio.Mic.IndexAt(w.radio.COR.Set(false))
			w.pass(500 * time.Millisecond)
			frames := w.link.take()
			if top := loudness(t, frames, speech-4800, speech-1000); top < 2000 {
				t.Errorf("phase %d: speech before the tail is at %d", phase, top)
			}
			if top := loudness(t, frames, speech+1000, end+4800); top > 600 {
				t.Errorf("phase %d: noise of the tail is heard at %d", phase, top)
			}
		}
	})
}

// TestHang: a fading signal keeps the floor, and neither its noise nor that of the
// gap is heard.
func TestHang(t *testing.T) {
	const tail = 100 * time.Millisecond
	withSquelch(t, squelch.Timing{Hang: 600 * time.Millisecond, Tail: tail}, func(w *world) {
		speech, noise := sim.Tone(700, -20, 0), sim.Noise(7)
		w.radio.Mic.Hear(speech)
		w.pass(100 * time.Millisecond)
		w.radio.COR.Set(true)
		w.pass(500 * time.Millisecond)
		w.radio.Mic.Hear(noise)
		faded := w.radio.Mic.IndexAt(time.Now())
		w.pass(tail - 5*time.Millisecond)
		w.radio.COR.Set(false)
		w.pass(400 * time.Millisecond)
		w.radio.Mic.Hear(speech)
		back := w.radio.Mic.IndexAt(w.radio.COR.Set(true))
		w.pass(500 * time.Millisecond)
		w.radio.Mic.Hear(noise)
		ended := w.radio.Mic.IndexAt(time.Now())
		w.pass(tail - 5*time.Millisecond)
		w.radio.COR.Set(false)
		w.pass(500 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.pass(200 * time.Millisecond)
		w.expect(floor.Idle, floor.NoReason)
		if w.redis.requests != 1 {
			t.Errorf("%d requests, want 1", w.redis.requests)
		}
		frames := w.link.take()
		for _, part := range []struct {
			name     string
			from, to uint64
			heard    bool
		}{
			{"speech", faded - 9600, faded - 1000, true}, {"the gap", faded + 1000, back - 500, false},
			{"speech again", back + 1500, ended - 1000, true}, {"the end", ended + 1000, ended + 48000, false},
		} {
			if top := loudness(t, frames, part.from, part.to); (top > 2000) != part.heard || !part.heard && top > 600 {
				t.Errorf("%s is at %d", part.name, top)
			}
		}
	})
}

// TestChatter: a squelch that opens on noise stops asking, and a real call is
// still heard from its beginning.
func TestChatter(t *testing.T) {
	withSquelch(t, squelch.Timing{Chatter: 5, ChatterTime: 300 * time.Millisecond}, func(w *world) {
		for range 50 {
			w.radio.COR.Set(true)
			w.pass(40 * time.Millisecond)
			w.radio.COR.Set(false)
			w.pass(160 * time.Millisecond)
		}
		if w.redis.requests != 5 {
			t.Errorf("%d requests for 50 bursts of noise, want 5", w.redis.requests)
		}
		if !w.port.SquelchStats().Chatters {
			t.Error("it is not said")
		}
		w.link.take()
		from := w.radio.Mic.IndexAt(w.radio.COR.Set(true))
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		if first := uint64(w.link.take()[0].timestamp); first > from {
			t.Errorf("said from %d, sent from %d", from, first)
		}
		w.radio.COR.Set(false)
	})
}

// TestSquelchThatNeverCloses is cut by the time-out timer and talks no more until
// it has closed; the button is a fresh press meanwhile.
func TestSquelchThatNeverCloses(t *testing.T) {
	withSquelch(t, squelch.Timing{}, func(w *world) {
		w.radio.COR.Set(true)
		w.pass(testTiming.MaxTalk + time.Second)
		w.expect(floor.Refused, floor.TimedOut)
		w.pass(time.Hour)
		w.expect(floor.Refused, floor.TimedOut)
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
		if w.redis.requests != 2 {
			t.Errorf("%d requests, want 2", w.redis.requests)
		}
		w.radio.COR.Set(false)
		w.pass(time.Second)
		w.radio.COR.Set(true)
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Set(false)
	})
}

// TestStuckButton: nor does a button that hangs keep the squelch from talking.
func TestStuckButton(t *testing.T) {
	withSquelch(t, squelch.Timing{}, func(w *world) {
		w.press()
		w.pass(testTiming.MaxTalk + time.Second)
		w.expect(floor.Refused, floor.TimedOut)
		w.radio.COR.Set(true)
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Set(false)
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
		w.release()
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
	})
}

// TestSquelchIsNotHeardWhileKeyed: what the port itself puts on the air does not
// come back.
func TestSquelchIsNotHeardWhileKeyed(t *testing.T) {
	withCOR(t, func(w *world) {
		w.key.Interlock = true
		adapt := w.adapt
		w.adapt = func(o *Options) { adapt(o); o.Squelch.Deaf = 300 * time.Millisecond }
	}, func(w *world) {
		w.speakTo(0, 500*time.Millisecond)
		if !w.radio.PTTOut.Active() {
			t.Fatal("not keyed")
		}
		w.radio.COR.Set(true)
		w.speakTo(25, 500*time.Millisecond)
		w.radio.COR.Set(false)
		for w.radio.PTTOut.Active() {
			w.pass(10 * time.Millisecond)
		}
		w.radio.COR.Set(true)
		w.pass(200 * time.Millisecond)
		w.radio.COR.Set(false)
		w.pass(time.Second)
		if w.redis.requests != 0 {
			t.Errorf("%d requests for our own transmitter", w.redis.requests)
		}
		w.radio.COR.Set(true)
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Set(false)
	})
}
