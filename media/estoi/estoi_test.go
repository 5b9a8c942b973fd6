package estoi

import (
	"errors"
	"math"
	"os"
	"testing"

	"github.com/talkgate/talkgate/media"
)

func speech(t *testing.T) []int16 {
	t.Helper()
	f, err := os.Open("../testdata/front_center.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := media.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

// noise is white; testdata/pairs.py makes the same.
func noise(n int) []int {
	x, out := uint32(1), make([]int, n)
	for i := range out {
		x = x*1664525 + 1013904223
		out[i] = int(x>>16) - 32768
	}
	return out
}

// floorDiv rounds down, as Python does.
func floorDiv(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }

// TestPairs compares with another implementation: pystoi 0.4.1, as testdata/pairs.py
// ran it.
func TestPairs(t *testing.T) {
	said := speech(t)
	n := noise(len(said))
	damage := map[string]func(i, s int) int{
		"the same":                  func(_, s int) int { return s },
		"half as loud":              func(_, s int) int { return floorDiv(s, 2) },
		"faint noise":               func(i, s int) int { return s + floorDiv(n[i], 64) },
		"noise":                     func(i, s int) int { return s + floorDiv(n[i], 16) },
		"loud noise":                func(i, s int) int { return s + floorDiv(n[i], 4) },
		"noise alone":               func(i, _ int) int { return floorDiv(n[i], 4) },
		"every fifth 20 ms missing": func(i, s int) int { return s * min(1, (i/960%5+1)%5) },
		"100 ms of 200 missing":     func(i, s int) int { return s * (1 - i/4800%2) },
		"8 bits":                    func(_, s int) int { return floorDiv(s, 256) * 256 },
		"two bits, loud":            func(_, s int) int { return max(-1, min(s, 1)) * 8000 },
	}
	for _, pair := range []struct {
		name string
		rate int
		want float64
	}{
		{"the same", 48000, 1.000000},
		{"the same", 10000, 1.000000},
		{"half as loud", 48000, 1.000000},
		{"half as loud", 10000, 0.999435},
		{"faint noise", 48000, 0.952155},
		{"faint noise", 10000, 0.425788},
		{"noise", 48000, 0.731962},
		{"noise", 10000, 0.244965},
		{"loud noise", 48000, 0.432890},
		{"loud noise", 10000, 0.110961},
		{"noise alone", 48000, -0.038163},
		{"noise alone", 10000, 0.011527},
		{"every fifth 20 ms missing", 48000, 0.843076},
		{"every fifth 20 ms missing", 10000, 0.690957},
		{"100 ms of 200 missing", 48000, 0.520255},
		{"100 ms of 200 missing", 10000, 0.487726},
		{"8 bits", 48000, 0.992442},
		{"8 bits", 10000, 0.621348},
		{"two bits, loud", 48000, 0.531189},
		{"two bits, loud", 10000, 0.234374},
	} {
		heard := make([]int16, len(said))
		for i, s := range said {
			heard[i] = int16(max(-32768, min(damage[pair.name](i, int(s)), 32767)))
		}
		got, err := Score(said, heard, pair.rate)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got-pair.want) > 0.0005 {
			t.Errorf("%s at %d Hz: %.6f, want %.6f", pair.name, pair.rate, got, pair.want)
		}
	}
}

func TestTooLittleToCompare(t *testing.T) {
	for _, n := range []int{0, 1, 3000} {
		if _, err := Score(speech(t)[:n], speech(t)[:n], 48000); !errors.Is(err, ErrTooShort) {
			t.Errorf("%d samples: %v", n, err)
		}
	}
}
