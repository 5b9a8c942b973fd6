package detect

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/biquad"
)

// radioWay is what a radio makes of x: its band, its level, its noise, and a delay.
func radioWay(rnd *rand.Rand, x []float64, delay time.Duration, gain, noiseAt float64) []float64 {
	y := make([]float64, len(x)+int(delay*media.SampleRate/time.Second))
	copy(y[len(y)-len(x):], x)
	biquad.HighPass(300, media.SampleRate).Process(y)
	biquad.LowPass(3000, media.SampleRate).Process(y)
	for i := range y {
		y[i] = max(-1, min(1, y[i]*math.Pow(10, gain/20)))
	}
	noise(rnd, y, noiseAt, false)
	return y
}

// overOpus is what a listener hears of x.
func overOpus(t testing.TB, x []float64) []float64 {
	t.Helper()
	enc, err := media.NewEncoder(media.EncoderConfig{FEC: true})
	if err != nil {
		t.Fatal(err)
	}
	dec, err := media.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	var opus [media.MaxOpusFrame]byte
	var frame [media.FrameSamples]int16
	var out []float64
	for in := pcm(x); len(in) >= media.FrameSamples; in = in[media.FrameSamples:] {
		n, err := enc.Encode(in[:media.FrameSamples], opus[:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dec.Decode(opus[:n], frame[:]); err != nil {
			t.Fatal(err)
		}
		for _, s := range frame {
			out = append(out, float64(s)/32768)
		}
	}
	return out
}

// looped is when after the squelch opened, and at what delay, a loop is found between
// what the loudspeaker is given and what is heard from the sample at which the squelch
// opens; -1 is never.
func looped(l *Loop, given, heard []int16, opens int, sent bool) (after, delay time.Duration) {
	for at, low := range periods(heard) {
		told := make([]int16, 480)
		if at-480 < len(given) {
			copy(told, given[at-480:])
		}
		l.Told(told)
		if d, found := l.Hear(low, at-480 >= opens, sent); found {
			return time.Duration(at-opens) * time.Second / media.SampleRate, d
		}
	}
	return -1, 0
}

func pauses(d time.Duration) []float64 { return make([]float64, d*media.SampleRate/time.Second) }

// repeated is x again and again for so long.
func repeated(x []float64, d time.Duration) []float64 {
	out := pauses(d)
	for i := range out {
		out[i] = x[i%len(x)]
	}
	return out
}

func tones(d time.Duration, hz func(at float64) float64) []float64 {
	x := pauses(d)
	phase := 0.0
	for i := range x {
		f := hz(float64(i) / media.SampleRate)
		phase += 2 * math.Pi * f / media.SampleRate
		if f > 0 {
			x[i] = 0.1 * math.Sin(phase)
		}
	}
	return x
}

// TestLoopRates publishes how often what the channel says is not recognised when it
// comes back by radio, and how often a radio's own is taken for it.
func TestLoopRates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	two := func(i int) string { return strings.Join(lines(sentences)[2*i%20:2*i%20+2], " ") }
	type person struct{ talk, coded []float64 }
	var people []person
	for n, voice := range voices() {
		for i := range 5 {
			talk := scaled(spoken(t, voice, 160, two(i+5*(n%2))), -20)
			people = append(people, person{talk, overOpus(t, talk)})
		}
	}
	delays := milliseconds(50, 120, 300, 700, 1500)
	for _, way := range []struct {
		name     string
		gain     float64
		noiseAt  float64
		missable int
	}{
		{"as loud, noise 30 dB below", 0, -50, 0},
		{"20 dB softer, noise 20 dB below", -20, -60, 0},
		{"6 dB louder, noise 20 dB below", 6, -34, 0},
		{"as loud, noise 10 dB below", 0, -30, 4},
	} {
		missed, wrong, longest := 0, 0, time.Duration(0)
		for i, p := range people {
			d := delays[i%len(delays)]
			back := radioWay(rnd, p.coded, d, way.gain, way.noiseAt)
			after, delay := looped(NewLoop(), pcm(p.talk), pcm(back), 4800, false)
			switch {
			case after < 0:
				missed++
			case delay < d-40*time.Millisecond || delay > d+40*time.Millisecond:
				wrong++
			default:
				longest = max(longest, after)
			}
		}
		t.Logf("what others say comes back, %-33s %d of %d missed, %d at a wrong delay, found after %v at most", way.name+":", missed, len(people), wrong, longest)
		if missed > way.missable || wrong > 0 {
			t.Errorf("%s: %d missed, %d wrong", way.name, missed, wrong)
		}
	}
	rounds := milliseconds(200, 400, 700, 1500)
	missed, longest := 0, time.Duration(0)
	for i, p := range people {
		d := rounds[i%len(rounds)]
		// The end of a sentence circulates, 3 dB softer each time.
		round := p.talk[len(p.talk)*2/3:]
		round = append(append([]float64{}, round[:min(len(round), int(d*3/4*media.SampleRate/time.Second))]...), pauses(d/4)...)
		x := repeated(round, 10*time.Second)
		for i := range x {
			x[i] *= math.Pow(10, -0.15*float64(i/len(round)))
		}
		after, _ := looped(NewLoop(), nil, pcm(radioWay(rnd, x, 0, 0, -60)), 0, true)
		if after < 0 {
			missed++
		}
		longest = max(longest, after)
	}
	t.Logf("what the port says comes back, round and round: %d of %d missed, found after %v at most", missed, len(people), longest)
	if missed > 2 { // what circulates of them is next to nothing but a pause
		t.Errorf("%d loops missed", missed)
	}

	accepts := func(name string, most int, given, heard [][]float64, opens int, sent bool) {
		t.Helper()
		n, all := 0, time.Duration(0)
		for i := range heard {
			all += time.Duration(len(heard[i])) * time.Second / media.SampleRate
			var told []int16
			if given != nil {
				told = pcm(given[i])
			}
			if after, delay := looped(NewLoop(), told, pcm(heard[i]), opens, sent); after >= 0 {
				n++
				t.Logf("  false accept: %s %d after %v at %v", name, i, after, delay)
			}
		}
		t.Logf("false accepts: %-62s %d in %d of %v", name, n, len(heard), all.Round(time.Second))
		if n > most {
			t.Errorf("%s: %d false accepts, at most %d", name, n, most)
		}
	}
	var talk, other, reply, again, mixed [][]float64
	for i, p := range people {
		talk = append(talk, radioWay(rnd, p.talk, 0, 0, -45))
		q := people[(i+37)%len(people)].talk
		other = append(other, q)
		mixed = append(mixed, people[i/5*5+(i+1)%5].talk)
		reply = append(reply, append(pauses(time.Duration(len(p.talk))*time.Second/media.SampleRate+200*time.Millisecond), q...))
		again = append(again, append(append(append([]float64{}, p.talk...), pauses(200*time.Millisecond)...), p.talk...))
	}
	var long [][]float64
	for _, voice := range voices() {
		long = append(long, scaled(spoken(t, voice, 160, sentences), -20))
	}
	accepts("one talks, 20 sentences", 0, nil, long, 0, true)
	accepts("one talks, by radio", 0, nil, talk, 0, true)
	accepts("two talk at once", 0, other, talk, 0, false)
	accepts("the same voice says something else at once", 0, mixed, talk, 0, false)
	accepts("an answer 200 ms after the channel's last word", 0, talk, reply, 0, true)
	accepts("says the same sentences again, to the sample", 0, nil, again, 0, true)
	var recordings, words [][]float64
	for _, r := range recorded(t) {
		s := scaled(r, -20)
		recordings = append(recordings, radioWay(rnd, s, 0, 0, -45))
		words = append(words, repeated(append(append([]float64{}, s[:min(len(s), 24000)]...), pauses(400*time.Millisecond)...), 1800*time.Millisecond))
	}
	accepts("recorded speech", 0, nil, recordings, 0, true)
	accepts("half a second of recorded speech twice, to the sample", 0, nil, words, 0, true)
	var rooms [][]float64
	for range 20 {
		x := pauses(30 * time.Second)
		noise(rnd, x, -20, len(rooms)%2 == 0)
		rooms = append(rooms, x)
	}
	accepts("noise, white and coloured", 0, rooms[:10], rooms[10:], 0, true)
	minute := time.Minute
	code, err := media.Morse("DE T1TG T1TG QRV", media.MorseTone{WordsPerMinute: 20, Hertz: 800})
	if err != nil {
		t.Fatal(err)
	}
	accepts("tones: steady, hi-lo, busy, five tones twice, paging, Morse", 0, nil, [][]float64{
		scaled(code, -20),
		tones(minute, func(float64) float64 { return 1000 }),
		tones(minute, func(at float64) float64 { return 440 + 145*math.Mod(math.Floor(at*2), 2) }),
		tones(minute, func(at float64) float64 { return 425 * math.Mod(1+math.Floor(at*2), 2) }),
		tones(2*time.Second, func(at float64) float64 {
			if at = math.Mod(at, 0.95); at > 0.35 {
				return 0
			}
			return []float64{1060, 1160, 1270, 1400, 1530, 1530}[int(at/0.07)]
		}),
		tones(minute, func(at float64) float64 {
			if at = math.Mod(at, 4); at > 3 {
				return 0
			}
			return 600 + 300*math.Floor(at)
		}),
	}, 0, true)
	var steady [][]float64
	for hz := 300.0; hz < 3000; hz += 53 {
		steady = append(steady, scaled(pcm(tones(5*time.Second, func(float64) float64 { return hz })), -20-10*float64(len(steady)%3)))
	}
	for _, hz := range []float64{400, 425, 440, 1000, 1004, 1633, 2100} {
		steady = append(steady, tones(5*time.Second, func(float64) float64 { return hz }))
	}
	accepts("steady tones from 300 Hz to 3000 Hz", 0, nil, steady, 0, true)
	accepts("a siren that wails each 0.8 s", 1, nil, [][]float64{
		tones(minute, func(at float64) float64 { return 900 + 400*math.Sin(2*math.Pi*at/0.8) }),
	}, 0, true)
}

func TestLoopAllocatesNothing(t *testing.T) {
	l, d, period := NewLoop(), NewDecimator(), pcm(tones(10*time.Millisecond, func(float64) float64 { return 1000 }))
	if n := testing.AllocsPerRun(1000, func() { l.Told(period); l.Hear(d.Take(period), true, true) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}

// BenchmarkLoop is a frame of 20 ms, heard and told, beside the encoder.
func BenchmarkLoop(b *testing.B) {
	l, d := NewLoop(), NewDecimator()
	enc, err := media.NewEncoder(media.EncoderConfig{FEC: true})
	if err != nil {
		b.Fatal(err)
	}
	var opus [media.MaxOpusFrame]byte
	var ours, encoder time.Duration
	x := pauses(10 * time.Second)
	noise(rand.New(rand.NewPCG(1, 1)), x, -20, false)
	sound := pcm(x)
	for i := 0; b.Loop(); i++ {
		at := i * media.FrameSamples % (len(sound) - media.FrameSamples)
		began := time.Now()
		l.Told(sound[at : at+media.FrameSamples])
		l.Hear(d.Take(sound[at:at+media.FrameSamples]), true, true)
		between := time.Now()
		if _, err := enc.Encode(sound[at:at+media.FrameSamples], opus[:]); err != nil {
			b.Fatal(err)
		}
		ours, encoder = ours+between.Sub(began), encoder+time.Since(between)
	}
	b.ReportMetric(0, "ns/op") // both
	b.ReportMetric(float64(ours)/float64(encoder), "ours/encoder")
}

func milliseconds(all ...int) (d []time.Duration) {
	for _, n := range all {
		d = append(d, time.Duration(n)*time.Millisecond)
	}
	return d
}
