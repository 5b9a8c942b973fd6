package level

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/talkgate/talkgate/media"
)

func newChain(t testing.TB, cfg Config) *Chain {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// through is what a chain makes of pcm, in periods of a card.
func through(c *Chain, pcm []int16) []int16 {
	out := slices.Clone(pcm)
	for rest := out; len(rest) > 0; {
		n := min(480, len(rest))
		c.Process(rest[:n])
		rest = rest[n:]
	}
	return out
}

// sine is of so many hertz and dBFS RMS; that of full scale has -3.
func sine(hz, dBFS float64, ms int) []int16 {
	pcm := make([]int16, ms*media.SampleRate/1000)
	for i := range pcm {
		pcm[i] = int16(math.Round(math.Sqrt2 * full * factor(dBFS) * math.Sin(2*math.Pi*hz*float64(i)/media.SampleRate)))
	}
	return pcm
}

func rms(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/(full*full))
}

func speech(t testing.TB) []int16 {
	t.Helper()
	f, err := os.Open("../../hal/sim/speech.wav")
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

func noise(rnd *rand.Rand, dBFS float64, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(full * factor(dBFS) * rnd.NormFloat64())
	}
	return pcm
}

// TestOffIsExact: what is off changes no bit, also when the rest is on.
func TestOffIsExact(t *testing.T) {
	pcm := append(speech(t), math.MaxInt16, math.MinInt16, math.MinInt16, 1, -1)
	for name, cfg := range map[string]Config{
		"nothing":                    {},
		"a limiter without gain":     {Limit: true},
		"most gain without a target": {MaxGain: 20},
	} {
		c := newChain(t, cfg)
		if got := through(c, pcm); !slices.Equal(got, pcm) || c.Delay() != 0 {
			t.Errorf("%s: the sound is changed, delay %d", name, c.Delay())
		}
	}
	quiet := through(newChain(t, Config{Gain: -12.0412}), pcm)
	for i := range quiet { // so that nothing needs the limiter
		if 4*int(quiet[i])-int(pcm[i]) > 2 || 4*int(quiet[i])-int(pcm[i]) < -2 {
			t.Fatalf("sample %d of %d is %d a quarter of it", i, pcm[i], quiet[i])
		}
	}
}

// TestLimiterNeverClips: whatever comes, however loud, no sample is above the
// ceiling, and what is below it is only delayed.
func TestLimiterNeverClips(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	clicks := make([]int16, media.SampleRate)
	for range 400 {
		clicks[rnd.IntN(len(clicks))] = int16(rnd.IntN(65536) - 32768)
	}
	for name, pcm := range map[string][]int16{
		"speech": speech(t), "clicks": clicks, "a tone": sine(1000, -6, 1000),
		"low tone": sine(50, -3.1, 1000), "noise": noise(rnd, -20, media.SampleRate),
		"an edge": slices.Repeat([]int16{0, 32767, -32768}, 16000),
	} {
		for _, gain := range []float64{0.01, 6, 20, 40} {
			c := newChain(t, Config{Gain: gain, Limit: true})
			out := through(c, pcm)
			if most := max(slices.Max(out), -slices.Min(out)); most > Ceiling || slices.Min(out) < -Ceiling {
				t.Errorf("%s, %g dB louder: a sample is %d, the ceiling is %d", name, gain, most, Ceiling)
			}
			if s := c.Stats(); s.Clipped != 0 {
				t.Errorf("%s, %g dB louder: %d samples clipped", name, gain, s.Clipped)
			}
		}
	}
	// Nothing to limit: a tone at -20 dBFS raised by 6 dB is that, 5 ms later.
	c := newChain(t, Config{Gain: 6, Limit: true})
	out, want := through(c, sine(700, -20, 500)), sine(700, -14, 500)
	for i := range want[:len(want)-c.Delay()] {
		if d := int(out[i+c.Delay()]) - int(want[i]); d > 4 || d < -4 { // the tone was rounded before
			t.Fatalf("sample %d is %d, want %d", i, out[i+c.Delay()], want[i])
		}
	}
	if c.Stats().Limited != 0 {
		t.Error("it limits what is soft")
	}
	// A tone that is 10 dB too loud comes out at the ceiling, as a tone: what is
	// left without it is 40 dB below, as clipping would not leave.
	out = through(newChain(t, Config{Gain: 10, Limit: true}), sine(1000, -6, 2000))[media.SampleRate:]
	if got := rms(out); math.Abs(got+4) > 0.3 { // -1 dBFS peak, a sine
		t.Errorf("a loud tone comes out at %.1f dBFS, want -4", got)
	}
	if d := distortion(out, 1000); d > -40 {
		t.Errorf("distortion of a limited tone is %.1f dB", d)
	}
}

// distortion is how much of pcm is not a sine of hz, in dB.
func distortion(pcm []int16, hz float64) float64 {
	var c, s, all float64
	for i, v := range pcm {
		w := 2 * math.Pi * hz * float64(i) / media.SampleRate
		c += float64(v) * math.Cos(w)
		s += float64(v) * math.Sin(w)
		all += float64(v) * float64(v)
	}
	tone := 2 * (c*c + s*s) / float64(len(pcm))
	return 10 * math.Log10(max(all-tone, 1e-9)/all)
}

// TestWithoutLimiterClippingIsCounted is the contrast.
func TestWithoutLimiterClippingIsCounted(t *testing.T) {
	c := newChain(t, Config{Gain: 10})
	out := through(c, sine(1000, -6, 100))
	if slices.Max(out) != math.MaxInt16 || c.Stats().Clipped == 0 || c.Delay() != 0 {
		t.Errorf("most is %d, %d counted", slices.Max(out), c.Stats().Clipped)
	}
	if d := distortion(out[2400:], 1000); d < -20 {
		t.Errorf("clipping distorts by %.1f dB only", d)
	}
}

// TestHighPassResponse wants a Butterworth of fourth order: 3 dB at the corner,
// 24 dB an octave below it, nothing above.
func TestHighPassResponse(t *testing.T) {
	for _, corner := range []float64{80, 150, 300} {
		for _, hz := range []float64{corner / 4, corner / 2, corner, 2 * corner, 1000, 3000} {
			c := newChain(t, Config{HighPass: corner})
			got := rms(through(c, sine(hz, -10, 2000))[media.SampleRate:]) + 10
			want := -10 * math.Log10(1+math.Pow(corner/hz, 8))
			if math.Abs(got-want) > 0.3 {
				t.Errorf("high-pass of %g Hz at %g Hz: %.2f dB, want %.2f", corner, hz, got, want)
			}
		}
	}
}

// TestGate: a room's noise goes down by 40 dB, speech loses nothing.
func TestGate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	room := noise(rnd, -65, 2*media.SampleRate)
	c := newChain(t, Config{Gate: -45})
	if got := rms(through(c, room)[media.SampleRate:]); got > -90 {
		t.Errorf("a room at -65 dBFS comes out at %.1f dBFS behind a closed gate", got)
	}
	if c.Stats().Open {
		t.Error("a room opens the gate")
	}
	// A tone begins: from 1 ms on it is as it was, and it is to the end and 250 ms on.
	tone := sine(500, -20, 300)
	out := through(c, slices.Concat(tone, room))
	if !c.Stats().Open && rms(out[:len(tone)]) < -21 {
		t.Error("a tone does not open the gate")
	}
	for i := media.SampleRate / 1000; i < len(tone); i++ {
		if d := int(out[i]) - int(tone[i]); d > 200 || d < -200 {
			t.Fatalf("sample %d of the tone is %d, was %d", i, out[i], tone[i])
		}
	}
	held := out[len(tone):][:gateHold-480]
	if got := rms(held); math.Abs(got+65) > 1 {
		t.Errorf("right after the tone the room is at %.1f dBFS", got)
	}
	if got := rms(out[len(tone)+gateHold+media.SampleRate/2:]); got > -90 {
		t.Errorf("long after the tone the room is at %.1f dBFS", got)
	}
}

// TestAGCSettles: whatever the level, speech comes to the target: from above
// within half a second, from below at 10 dB a second; noise between words is not
// raised.
func TestAGCSettles(t *testing.T) {
	for _, tc := range []struct {
		in      float64
		settled int // ms
	}{{-40, 2100}, {-30, 1100}, {-20, 100}, {-10, 300}, {-6, 400}} {
		c := newChain(t, Config{Target: -20, MaxGain: 24})
		out := through(c, sine(600, tc.in, 4000))
		at := tc.settled * media.SampleRate / 1000
		for from := at; from+4800 <= len(out); from += 4800 {
			if got := rms(out[from : from+4800]); math.Abs(got+20) > 1 {
				t.Errorf("from %g dBFS, %d ms on: %.1f dBFS", tc.in, from/48, got)
				break
			}
		}
		if tc.in == -40 { // and not at once
			if got := rms(out[48000:52800]); got > -26 || got < -34 {
				t.Errorf("from -40 dBFS, a second on: %.1f", got)
			}
		}
	}
	c := newChain(t, Config{Target: -20, MaxGain: 24})
	through(c, slices.Concat(sine(600, -30, 2000)))
	gain := c.Stats().Gain
	through(c, noise(rand.New(rand.NewPCG(3, 3)), -60, 5*media.SampleRate))
	if got := c.Stats().Gain; math.Abs(got-gain) > 3 { // until the level has come down
		t.Errorf("five seconds of a quiet room moved the gain from %.1f to %.1f dB", gain, got)
	}
	through(c, sine(600, -70, 60000))
	if got := c.Stats().Gain; got > 24.01 {
		t.Errorf("the gain is %.1f dB, the most is 24", got)
	}
}

// TestPeriodsDoNotMatter: the same sound comes out however it is cut up.
func TestPeriodsDoNotMatter(t *testing.T) {
	cfg := Config{Gain: 12, HighPass: 120, Gate: -50, Target: -20, MaxGain: 20, Limit: true}
	pcm := speech(t)[:media.SampleRate]
	want := through(newChain(t, cfg), pcm)
	for _, n := range []int{1, 7, 48, 960, 4096} {
		c, got := newChain(t, cfg), slices.Clone(pcm)
		for rest := got; len(rest) > 0; rest = rest[min(n, len(rest)):] {
			c.Process(rest[:min(n, len(rest))])
		}
		if !slices.Equal(got, want) {
			t.Errorf("periods of %d make another sound", n)
		}
	}
}

func TestOutOfRangeIsNamed(t *testing.T) {
	for _, cfg := range []Config{
		{Gain: 41}, {Gain: math.NaN()}, {HighPass: 500}, {Gate: 3}, {Target: -3}, {Target: -20, MaxGain: -1},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	c := newChain(t, Config{Gain: 12, HighPass: 120, Gate: -50, Target: -20, MaxGain: 20, Limit: true})
	pcm, at := speech(t), 0
	period := make([]int16, 480)
	if n := testing.AllocsPerRun(200, func() {
		copy(period, pcm[at:])
		at += len(period)
		c.Process(period)
		c.Stats()
	}); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}
