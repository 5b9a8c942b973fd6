package sound

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// TestTimelineGoesByTheEarliest has a card with a crystal of its own whose
// process wakes up late, most often.
func TestTimelineGoesByTheEarliest(t *testing.T) {
	for _, ppm := range []float64{-300, 0, 300} {
		rnd, start := rand.New(rand.NewPCG(1, 2)), time.Now()
		period := time.Duration(float64(duration(hal.PeriodSamples)) * (1 + ppm/1e6))
		var line timeline
		for i := range 20000 {
			captured := start.Add(time.Duration(i+1) * period)
			late := time.Duration(0)
			if rnd.IntN(4) > 0 {
				late = time.Duration(rnd.ExpFloat64() * float64(8*time.Millisecond))
			}
			off := line.add(captured.Add(late), hal.PeriodSamples).Sub(captured)
			if i > 100 && (off < -time.Microsecond || off > time.Millisecond) {
				t.Fatalf("%+v ppm: period %d is off by %v", ppm, i, off)
			}
		}
	}
}

func TestTimelineCountsWhatWasLost(t *testing.T) {
	start := time.Now()
	var line timeline
	if n := line.lost(start, 480); n != 0 {
		t.Errorf("%d lost before the first", n)
	}
	line.add(start, 480)
	at := start.Add(75 * time.Millisecond)
	if n := line.lost(at, 480); n != 65*48 {
		t.Errorf("%d lost in 65 ms", n)
	}
	if end := line.add(at, 480); !end.Equal(at) {
		t.Errorf("off by %v after the loss", end.Sub(at))
	}
	if n := line.lost(at.Add(time.Millisecond), 480); n != 0 {
		t.Errorf("%d lost of nothing", n)
	}
}
