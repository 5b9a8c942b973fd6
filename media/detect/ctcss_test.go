package detect

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/biquad"
)

// hum adds a tone of hz and dBFS (RMS) to x, from one sample on to another.
func hum(x []float64, hz, dBFS float64, from, to int) {
	for i := from; i < to; i++ {
		x[i] += math.Sqrt2 * math.Pow(10, dBFS/20) * math.Sin(2*math.Pi*hz*float64(i)/media.SampleRate)
	}
}

func newCTCSS(t testing.TB, hz float64) *CTCSS {
	t.Helper()
	c, err := NewCTCSS(hz)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// opened is when c says that it is open, in samples.
func opened(c ear, pcm []int16) (all []span) {
	open := false
	for at, low := range periods(pcm) {
		if now, _ := c.Hear(low, 0); now != open {
			if open = now; open {
				all = append(all, span{at, len(pcm)})
			} else {
				all[len(all)-1].to = at
			}
		}
	}
	return all
}

// TestCTCSSTellsTheOnset to a twentieth of a second, so that pre-roll sends what was
// said meanwhile.
func TestCTCSSTellsTheOnset(t *testing.T) {
	for _, hz := range []float64{67, 123, 254.1} {
		x := make([]float64, 4*media.SampleRate)
		noise(rand.New(rand.NewPCG(2, 2)), x, -45, false)
		from := 2*media.SampleRate + 1234
		hum(x, hz, -30, from, len(x))
		got := openings(newCTCSS(t, hz), pcm(x), nil)
		if len(got) != 1 || got[0].from < from-2400 || got[0].from > from+2400 {
			t.Errorf("%g Hz from %d on: %v", hz, from, got)
		}
	}
}

// TestCTCSSRates publishes how often speech, noise and other tones are taken for a
// tone, and how often a tone is missed or lost under speech.
func TestCTCSSRates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	const level = -30 // 10 dB below speech at -20 dBFS, as 15 % of the deviation are
	tones := CTCSSTones()

	// Each tone, in speech and noise: one opening, to its end.
	missed, lost, slowest, longest := 0, 0, 0, 0
	speech := scaled(recorded(t)["speech.wav"], -20)
	for _, hz := range tones {
		x := make([]float64, 8*media.SampleRate)
		for i := range x {
			x[i] = speech[i%len(speech)]
		}
		biquad.HighPass(300, media.SampleRate).Process(x) // as every radio's microphone is
		noise(rnd, x, -45, false)
		from, to := 2*media.SampleRate, 6*media.SampleRate
		hum(x, hz+0.5*(2*rnd.Float64()-1), level, from, to)
		got := opened(newCTCSS(t, hz), pcm(x))
		switch {
		case len(got) == 0 || got[0].from < from:
			missed++
		case len(got) > 1 || got[0].to < to:
			lost++
		default:
			slowest, longest = max(slowest, got[0].from-from), max(longest, got[0].to-to)
		}
	}
	t.Logf("false rejects: %d of %d tones missed, %d lost, under speech 10 dB louder, frequency within 0.5 Hz; told after %d ms, over after %d ms at most",
		missed, len(tones), lost, slowest/48, longest/48)
	// The talker's voice is at about 200 Hz in places, and a filter of fourth order leaves
	// some of it beside 199.5.
	if missed > 0 || lost > 1 || slowest > 300*48 || longest > 300*48 {
		t.Error("tones are missed, lost, or told too late")
	}

	// Each tone beside each other one.
	wrong, others := 0, 0
	for _, sent := range tones {
		x := make([]float64, 2*media.SampleRate)
		noise(rnd, x, -45, false)
		hum(x, sent, level, 0, len(x))
		sound := pcm(x)
		for _, hz := range tones {
			if math.Abs(hz-sent) < 2 {
				continue
			}
			if others++; len(opened(newCTCSS(t, hz), sound)) > 0 {
				wrong++
			}
		}
	}
	t.Logf("false accepts: %d of %d other tones, 2 Hz away and more", wrong, others)
	if wrong > 0 {
		t.Error("another tone is taken for the one")
	}

	// Speech that no radio has taken the lows from, and noise.
	opens, minutes := 0, 0.0
	sounds := [][]int16{}
	for _, s := range recorded(t) {
		sounds = append(sounds, s)
	}
	for i, voice := range voices() {
		sounds = append(sounds, spoken(t, voice, 140+10*(i%4), sentences))
	}
	x := make([]float64, 60*media.SampleRate)
	noise(rnd, x, -20, false)
	sounds = append(sounds, pcm(x))
	for i, sound := range sounds {
		minutes += float64(len(sound)) / media.SampleRate / 60
		for k := range 3 { // three of the tones each
			opens += len(opened(newCTCSS(t, tones[(7*i+14*k)%len(tones)]), sound))
		}
	}
	t.Logf("false accepts: %d in %.0f minutes of speech and noise, not filtered, three tones each", opens, minutes)
	if opens > 3 {
		t.Error("speech is taken for a tone")
	}
}

// TestCTCSSEnds publishes how long after a transmission the tone is taken for there: in
// the noise of an open receiver or in none, with a turn of its phase before the end
// ("reverse burst") or without.
func TestCTCSSEnds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, burst := range []struct{ degrees, ms int }{{0, 0}, {120, 130}, {120, 180}, {180, 150}, {180, 200}, {240, 180}} {
		for _, after := range []float64{-10, -60} {
			latest := 0
			for _, hz := range CTCSSTones() {
				x := make([]float64, 3*media.SampleRate)
				noise(rnd, x, -60, false)
				end := 2*media.SampleRate + rnd.IntN(2400)
				for i := range end {
					w := 2 * math.Pi * hz * float64(i) / media.SampleRate
					if i > end-burst.ms*48 {
						w += float64(burst.degrees) / 180 * math.Pi
					}
					x[i] += 0.045 * math.Sin(w)
				}
				noise(rnd, x[end:], after, false)
				got := opened(newCTCSS(t, hz), pcm(x))
				if len(got) != 1 {
					t.Fatalf("%g Hz: %v", hz, got)
				}
				latest = max(latest, got[0].to-end)
			}
			t.Logf("phase turned by %d degrees %d ms before the end, noise at %g dBFS after: over %d ms after the end at most", burst.degrees, burst.ms, after, latest/48)
			if most := map[bool]int{true: 60, false: 240}[burst.ms > 0]; latest > most*48 {
				t.Errorf("want %d ms: a tail of 250 ms is to cut it off", most)
			}
		}
	}
}

func TestCTCSSAllocatesNothing(t *testing.T) {
	c, period := newCTCSS(t, 88.5), make([]float64, 80)
	if n := testing.AllocsPerRun(500, func() { c.Hear(period, -30) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
	for _, hz := range []float64{59.9, 260.1, 0, math.NaN(), math.Inf(1)} {
		if _, err := NewCTCSS(hz); err == nil {
			t.Errorf("a tone of %g Hz is taken", hz)
		}
	}
}

// TestCTCSSAnyFrequency publishes how often tones of 60 to 260 Hz are taken that are off by
// up to 0.5 Hz, and how often those that are 2 Hz away.
func TestCTCSSAnyFrequency(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	missed, taken, n := 0, 0, 0
	for hz := CTCSSMin; hz <= CTCSSMax; hz += 3.7 {
		for _, off := range []float64{-2, -0.5, 0, 0.5, 2} {
			x := make([]float64, 2*media.SampleRate)
			noise(rnd, x, -45, false)
			hum(x, hz+off, -30, 0, len(x))
			got := opened(newCTCSS(t, hz), pcm(x))
			switch n++; {
			case math.Abs(off) < 1 && len(got) != 1:
				missed++
			case math.Abs(off) > 1 && len(got) > 0:
				taken++
			}
		}
	}
	t.Logf("of %d tones %d missed that are up to 0.5 Hz off, %d taken that are 2 Hz off", n, missed, taken)
	if missed+taken > 0 {
		t.Error("frequencies are not told apart")
	}
}
