package sound

import (
	"math"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// longest is how long anything may take on a busy machine.
const longest = 20 * time.Second

// tone is a sine at -12 dBFS.
type tone struct {
	hertz float64
	n     int
}

func (o *tone) fill(period []int16) {
	for i := range period {
		period[i] = int16(8192 * math.Sin(2*math.Pi*o.hertz*float64(o.n)/hal.SampleRate))
		o.n++
	}
}

// share is how much of pcm's power is at a frequency, 0 to 1.
func share(pcm []int16, hertz, rate float64) float64 {
	var re, im, power float64
	for i, s := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hertz * float64(i) / rate)
		re, im, power = re+cos*float64(s), im+sin*float64(s), power+float64(s)*float64(s)
	}
	if power == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / float64(len(pcm)) / power
}

// play plays until the test ends, or the card does.
func play(t *testing.T, p Playback, fill func([]int16)) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Play(fill) }()
	t.Cleanup(func() { p.Close() })
	return done
}

// hear reads until a tenth of a second of pure tone was heard.
func hear(t *testing.T, c Capture, hertz float64) []int16 {
	t.Helper()
	pcm := make([]int16, hal.SampleRate/10)
	for end := time.Now().Add(longest); time.Now().Before(end); {
		if _, err := c.Read(pcm); err != nil {
			t.Fatal(err)
		}
		if share(pcm, hertz, hal.SampleRate) > 0.95 {
			return pcm
		}
	}
	t.Fatalf("%v Hz is never heard", hertz)
	return nil
}

func peak(pcm []int16) float64 {
	high := 0.0
	for _, s := range pcm {
		high = max(high, math.Abs(float64(s)))
	}
	return high
}

// timeOf reads a period and n more, and returns the time between the first and the last by
// the card's own stamps, none of which may be ahead of now.
func timeOf(t *testing.T, c hal.Capture, n int) time.Duration {
	t.Helper()
	period := make([]int16, hal.PeriodSamples)
	first, err := c.Read(period)
	if err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for range n {
		if last, err = c.Read(period); err != nil {
			t.Fatal(err)
		}
		if ahead := time.Until(last); ahead > 0 {
			t.Fatalf("captured in %v", ahead)
		}
	}
	return last.Sub(first)
}
