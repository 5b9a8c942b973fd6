package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
)

// TestTransmitterIdentifies: the first transmission ends with the identification,
// keyed to its end; the next ones only when the interval is over.
func TestTransmitterIdentifies(t *testing.T) {
	call, err := media.Morse("DE T1TG", media.MorseTone{WordsPerMinute: 20, Hertz: 800})
	if err != nil {
		t.Fatal(err)
	}
	long := media.SamplesTime(len(call))
	inBubbleWith(t, func(o *Options) { o.Ident = media.Ident{Sound: call, Every: time.Minute} }, func(w *world) {
		spoken := uint32(0)
		onAir := func(want time.Duration, what string) {
			t.Helper()
			air := w.watchAir()
			w.speakTo(spoken, time.Second)
			spoken += 1000
			w.pass(10 * time.Second)
			if len(air.edges) != 2 || air.unkeyed > 0 {
				t.Fatalf("%s: keyed %v, %d periods were not on the air", what, air.edges, air.unkeyed)
			}
			if got := air.last.Sub(air.first); got < want-100*time.Millisecond || got > want+200*time.Millisecond {
				t.Errorf("%s: %v on the air, want %v", what, got, want)
			}
		}
		onAir(time.Second+long, "the first transmission")
		onAir(time.Second, "one soon after")
		w.pass(time.Minute)
		air := w.watchAir()
		w.pass(time.Minute)
		if len(air.edges) != 0 {
			t.Errorf("keyed %v though nobody spoke since", air.edges)
		}
		onAir(time.Second+long, "one after the interval")
		if n := w.port.Identified(); n != 3 {
			t.Errorf("%d identifications, want 3", n)
		}
	})
}
