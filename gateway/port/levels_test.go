package port

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

// inBubbleWith is inBubble for a port that is made of something else.
func inBubbleWith(t *testing.T, adapt func(*Options), body func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Millisecond)
		w.adapt = adapt
		w.start()
		body(w)
		if err := w.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// heardOf is what a listener's decoder makes of the frames.
func heardOf(t *testing.T, frames []frame) []int16 {
	t.Helper()
	dec, err := media.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, len(frames)*media.FrameSamples)
	for i, f := range frames {
		if _, err := dec.Decode(f.opus, pcm[i*media.FrameSamples:]); err != nil {
			t.Fatal(err)
		}
	}
	return pcm
}

// TestLevelsOfAPort: gain that would clip arrives limited, the spurt still begins
// and ends with what was said between press and release, and the meters tell of
// what the card delivered.
func TestLevelsOfAPort(t *testing.T) {
	inBubbleWith(t, func(o *Options) { o.Levels = level.Config{Gain: 12, Limit: true} }, func(w *world) {
		w.radio.Mic.Hear(sim.Tone(1000, -6, 0))
		for range 10 {
			w.pass(13700 * time.Microsecond)
			from := w.radio.Mic.IndexAt(w.press())
			w.pass(500 * time.Millisecond)
			to := w.radio.Mic.IndexAt(w.release())
			w.pass(time.Second)
			frames := w.link.take()
			late := uint64(w.port.capture.Levels().Delay())
			first, end := uint64(frames[0].timestamp), uint64(frames[len(frames)-1].timestamp)+media.FrameSamples
			if first > from+late || end < to+late+uint64(w.port.sender.Lookahead()) {
				t.Errorf("said %d to %d, sent %d to %d, which is %d late", from, to, first, end, late)
			}
			pcm := heardOf(t, frames)[4800:19200]
			var meter media.Level
			meter.Measure(pcm)
			if meter.Clipped() > 0 || math.Abs(meter.Peak()+1) > 1 {
				t.Errorf("a listener hears a peak of %.1f dBFS, %d samples clipped; the ceiling is -1", meter.Peak(), meter.Clipped())
			}
		}
		if peak := w.port.MicLevel().Peak(); math.Abs(peak+6) > 0.1 {
			t.Errorf("the card's peak reads %.1f dBFS, want -6", peak)
		}
		if s := w.port.LevelStats(); s.Limited == 0 || s.Clipped != 0 {
			t.Errorf("%+v", s)
		}
		w.radio.Mic.Hear(sim.Tone(1000, 0, 0))
		w.pass(100 * time.Millisecond)
		if w.port.MicLevel().Clipped() == 0 {
			t.Error("a card that clips is not told of")
		}
	})
}
