package port

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
)

// TestPortAtADiscriminator: a port that is wired to a discriminator and a modulator decodes
// digits whose high tones the radio has raised, says which it did not obey, and sends its
// CTCSS tone for as long as the transmitter is keyed.
func TestPortAtADiscriminator(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	var air []int16
	inBubbleWith(t, func(o *Options) {
		o.Remote = detect.NewRemote([]string{"4711"})
		o.DeEmphasis, o.PreEmphasis, o.Subtone = true, true, media.NewSubtone(88.5, -24)
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	}, func(w *world) {
		dial := func(digits string) {
			raised, sound := media.NewPreEmphasis(), sim.Dial(digits, w.radio.Mic.IndexAt(time.Now())+4800)
			w.radio.Mic.Hear(func(index uint64, period []int16) { sound(index, period); raised.Process(period) })
			w.pass(time.Duration(sim.DialTime(digits))*time.Second/media.SampleRate + 300*time.Millisecond)
		}
		dial("*47112#")
		if !w.port.TalkLocked() {
			t.Error("the digits were not decoded")
		}
		dial("*47123#")
		w.pass(6 * time.Second)
		if n := strings.Count(log.String(), "not obeyed"); n != 1 {
			t.Errorf("%d lines about digits that were not obeyed, want 1", n)
		}

		w.radio.Speaker.SetTap(func(_ time.Time, period []int16) {
			mu.Lock()
			defer mu.Unlock()
			air = append(air, period...)
		})
		w.speakTo(1, 2*time.Second)
		w.pass(2 * time.Second)
	})
	tone, err := detect.NewCTCSS(88.5)
	if err != nil {
		t.Fatal(err)
	}
	low, open, was := detect.NewDecimator(), 0, false
	for to := 480; to <= len(air); to += 480 {
		is, _ := tone.Hear(low.Take(air[to-480:to]), 0)
		if is && !was {
			open++
		}
		was = is
	}
	if open != 1 || was {
		t.Errorf("the tone was heard %d times, and at the end: %v; want once, and not", open, was)
	}
}
