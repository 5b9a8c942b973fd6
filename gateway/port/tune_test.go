package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
	"github.com/talkgate/talkgate/state/floor"
)

// gainedSpeaker is a loudspeaker whose gain can be changed.
type gainedSpeaker struct {
	hal.Playback
	decibels float64
}

func (m *gainedSpeaker) SetGain(decibels float64) { m.decibels = decibels }

// TestTuneLeavesNoGap changes a port in mid-spurt: not a frame is missing, the
// spurt keeps to what it began with, and the next one does not.
func TestTuneLeavesNoGap(t *testing.T) {
	for _, tuned := range []bool{false, true} {
		inBubble(t, 5*time.Millisecond, func(w *world) {
			timing := testTiming
			timing.MaxTalk, timing.Lease = 2*time.Second, 500*time.Millisecond
			w.press()
			w.pass(time.Second)
			if tuned {
				if err := w.port.Tune(Tuning{Talk: timing, Encoder: media.EncoderConfig{Complexity: 1, Bitrate: 6000}, Levels: level.Config{Gain: 6, Limit: true}}); err != nil {
					t.Fatal(err)
				}
			}
			w.pass(3 * time.Second)
			w.expect(floor.Talking, floor.NoReason)
			if w.port.capture.Levels().Delay() != 0 {
				t.Error("the microphone's level changes in mid-spurt")
			}
			w.release()
			w.pass(time.Second)
			if got := w.port.capture.Levels().Delay() != 0; got != tuned {
				t.Errorf("the microphone's level is changed after the spurt: %v", got)
			}
			first := w.link.take()
			for i, f := range first[1:] {
				if f.first || f.timestamp != first[i].timestamp+media.FrameSamples {
					t.Fatalf("frame %d has timestamp %d after %d", i+1, f.timestamp, first[i].timestamp)
				}
			}
			w.press()
			w.pass(3 * time.Second)
			second := w.link.take()
			if !tuned {
				w.expect(floor.Talking, floor.NoReason)
				w.release()
				return
			}
			w.expect(floor.Refused, floor.TimedOut)
			w.release()
			if before, after := bytesOf(first), bytesOf(second); after > before*2/3 {
				t.Errorf("a frame has %d bytes as before the change, when it had %d", after, before)
			}
		})
	}
}

func bytesOf(frames []frame) int {
	sum := 0
	for _, f := range frames {
		sum += len(f.opus)
	}
	return sum / len(frames)
}

// TestTuneOfASquelch: what is open goes on as it began; the next kerchunk is not
// heard any more.
func TestTuneOfASquelch(t *testing.T) {
	withSquelch(t, squelch.Timing{}, func(w *world) {
		open := func(d time.Duration) (sent int) {
			w.radio.COR.Set(true)
			w.pass(d)
			w.radio.COR.Set(false)
			w.pass(500 * time.Millisecond)
			return len(w.link.take())
		}
		if open(150*time.Millisecond) == 0 {
			t.Fatal("a squelch without a delay does not talk")
		}
		w.radio.COR.Set(true)
		w.pass(100 * time.Millisecond)
		if err := w.port.Tune(Tuning{Talk: testTiming, Squelch: squelch.Timing{OpenDelay: 200 * time.Millisecond, Tail: time.Second}}); err != nil {
			t.Fatal(err)
		}
		w.pass(400 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Set(false)
		w.pass(500 * time.Millisecond)
		if n := len(w.link.take()); n < 24 {
			t.Errorf("%d frames of half a second that began before the change", n)
		}
		if n := open(150 * time.Millisecond); n > 0 {
			t.Errorf("%d frames of a kerchunk", n)
		}
		if n := open(time.Second); n < 49 {
			t.Errorf("%d frames of a second", n)
		}
		if err := w.port.Tune(Tuning{Talk: testTiming, Squelch: squelch.Timing{OpenDelay: time.Minute}}); err == nil {
			t.Error("more is to be kept of the sound than there is room for")
		}
	})
}

// TestTuneOfATransmitter: its tail is another once it was let go.
func TestTuneOfATransmitter(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.radio.Button.Set(false)
		timing := testKeying
		timing.Tail += time.Second
		for i, tail := range []time.Duration{testKeying.Tail, timing.Tail} {
			air := w.watchAir()
			w.speakTo(uint32(i)*1000, time.Second)
			if err := w.port.Tune(Tuning{Talk: testTiming, Key: timing}); err != nil {
				t.Fatal(err)
			}
			w.pass(3 * time.Second)
			if len(air.edges) != 2 {
				t.Fatalf("keyed %v, want once on and off", air.edges)
			}
			if got := air.edges[1].At.Sub(air.last); got < tail || got > tail+100*time.Millisecond {
				t.Errorf("unkeyed %v after the last of the speech, the tail is %v", got, tail)
			}
		}
	})
}

func TestTuneRefusesWhatIsOutOfRange(t *testing.T) {
	synctest.Test(t, tuneRefuses)
}

func tuneRefuses(t *testing.T) {
	speaker := &gainedSpeaker{}
	w := newWorld(t, 0)
	w.adapt = func(o *Options) { speaker.Playback = o.Hardware.Speaker; o.Hardware.Speaker = speaker }
	w.start()
	good := Tuning{Talk: testTiming, SpeakerGain: -3}
	if err := w.port.Tune(good); err != nil || speaker.decibels != -3 {
		t.Errorf("%v, %v dB", err, speaker.decibels)
	}
	for name, change := range map[string]func(*Tuning){
		"no request timeout": func(t *Tuning) { t.Talk.RequestTimeout = 0 },
		"a long one":         func(t *Tuning) { t.Talk.RequestTimeout = time.Minute },
		"a short TTL":        func(t *Tuning) { t.Talk.LockTTL = t.Talk.Lease },
		"a bitrate":          func(t *Tuning) { t.Encoder.Bitrate = 1 },
		"a gain":             func(t *Tuning) { t.Levels.Gain = 1000 },
	} {
		bad := good
		bad.SpeakerGain = 5
		change(&bad)
		if err := w.port.Tune(bad); err == nil || speaker.decibels != -3 {
			t.Errorf("%s: %v, %v dB", name, err, speaker.decibels)
		}
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
}
