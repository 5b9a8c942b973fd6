package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/talkgate/talkgate/media"
)

// TestDecimatorResponse: what the detectors look at is as it was, and nothing else is
// folded onto it.
func TestDecimatorResponse(t *testing.T) {
	level := func(hz float64) float64 {
		x := make([]float64, media.SampleRate)
		hum(x, hz, -12, 0, len(x))
		low := NewDecimator().Take(pcm(x))
		return 10*math.Log10(power(low[len(low)/2:])) + 12
	}
	for hz := 67.0; hz <= 2000; hz += 50 {
		if got := level(hz); math.Abs(got) > 0.4 {
			t.Errorf("%g Hz comes out at %.2f dB", hz, got)
		}
	}
	for hz := 6025.0; hz < media.SampleRate/2; hz += 100 {
		if got := level(hz); got > -30 {
			t.Errorf("%g Hz is folded down at %.1f dB", hz, got)
		}
	}
}

// TestDecimatorOfAnyPeriod: how much it is given at once does not matter, and it
// allocates nothing.
func TestDecimatorOfAnyPeriod(t *testing.T) {
	x := make([]float64, media.SampleRate)
	noise(rand.New(rand.NewPCG(1, 1)), x, -20, false)
	sound := pcm(x)
	want := NewDecimator().Take(sound)
	if len(want) != Rate {
		t.Errorf("%d samples of a second; want %d", len(want), Rate)
	}
	rnd, d := rand.New(rand.NewPCG(2, 2)), NewDecimator()
	var got []float64
	for rest := sound; len(rest) > 0; {
		n := min(1+rnd.IntN(1000), len(rest))
		got = append(got, d.Take(rest[:n])...)
		rest = rest[n:]
	}
	if !slices.Equal(got, want) {
		t.Error("period by period something else comes out")
	}
	if n := testing.AllocsPerRun(500, func() { d.Take(sound[:480]) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}

// TestLikenessIsExact: the loudest window fits, and nothing is left of what has left it.
func TestLikenessIsExact(t *testing.T) {
	var loud, quiet change
	for i, b := 0, newBands(); i < 2; i++ { // a square wave of full scale, on and off
		x := make([]float64, bandsFrame)
		for k := range x {
			x[k] = math.Copysign(1, math.Sin(2*math.Pi*400*float64(k)/Rate))
		}
		if _, l, full := b.add(x); full {
			loud = l.at
		}
	}
	for b := range loud {
		loud[b] = max(loud[b], 3700) // any frequency
		quiet[b] = -loud[b]
	}
	var k likeness
	for range loopWindow {
		k.enter(&loud, &quiet)
	}
	if k.squares <= 0 || k.sum >= 0 {
		t.Errorf("the loudest window does not fit: %+v", k)
	}
	for range loopWindow {
		k.leave(&loud, &quiet)
	}
	if k != (likeness{}) {
		t.Errorf("left behind: %+v", k)
	}
}
