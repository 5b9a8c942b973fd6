package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
)

// usual is the configuration's default.
var usual = VOXConfig{Threshold: 12, Attack: 50 * time.Millisecond, PreRoll: 100 * time.Millisecond, Hang: 800 * time.Millisecond}

// span is an opening of a detector, in samples.
type span struct{ from, to int }

// ear is a VOX or a CTCSS.
type ear interface {
	Hear(low []float64, loudspeaker float64) (open bool, ago int)
}

// openings is when v is open, as it says itself. What the loudspeaker is given is
// level, by sample; nil is nothing.
func openings(v ear, pcm []int16, level func(at int) float64) (all []span) {
	open := false
	for at, low := range periods(pcm) {
		given := media.LevelFloor
		if level != nil {
			given = level(at - 480)
		}
		now, ago := v.Hear(low, given)
		if now != open {
			if open = now; open {
				all = append(all, span{at - ago, len(pcm)})
			} else {
				all[len(all)-1].to = at - ago
			}
		}
	}
	return all
}

// TestVOXRates publishes how often it opens at noise, and how often it misses
// speech or the start of it.
func TestVOXRates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	const minutes = 10
	rooms := []struct {
		name string
		make func(x []float64)
		most int
	}{
		{"white noise at -50 dBFS", func(x []float64) { noise(rnd, x, -50, false) }, 0},
		{"coloured noise at -35 dBFS", func(x []float64) { noise(rnd, x, -35, true) }, 0},
		{"noise that swells by 10 dB in 5 s", func(x []float64) {
			noise(rnd, x, -50, true)
			for i := range x {
				x[i] *= math.Pow(10, 0.25*(1+math.Sin(2*math.Pi*float64(i)/(10*media.SampleRate))))
			}
		}, 0},
		{"hum of 50 Hz at -25 dBFS in noise", func(x []float64) {
			noise(rnd, x, -60, true)
			for i := range x {
				x[i] += 0.08 * math.Sin(2*math.Pi*50*float64(i)/media.SampleRate)
			}
		}, 0},
		{"clicks of 10 ms, 30 dB above the noise, two a second", func(x []float64) {
			noise(rnd, x, -55, true)
			for range 2 * 60 * minutes {
				at := rnd.IntN(len(x) - 480)
				for i := range 480 {
					x[at+i] += 0.056 * rnd.NormFloat64()
				}
			}
		}, 10},
	}
	for _, room := range rooms {
		x := make([]float64, minutes*60*media.SampleRate)
		room.make(x)
		opened := len(openings(NewVOX(usual), pcm(x), nil))
		t.Logf("false accepts: %-55s %d in %d minutes", room.name, opened, minutes)
		if opened > room.most {
			t.Errorf("%s: opened %d times, at most %d", room.name, opened, room.most)
		}
	}
	for _, snr := range []float64{30, 20, 15} {
		said, missed, clipped, broken := 0, 0, 0, 0
		for _, voice := range []string{"en-us", "en-gb+f3", "de", "fr"} {
			for _, text := range lines(sentences) {
				s := scaled(spoken(t, voice, 160, text), -20)
				x := make([]float64, 2*media.SampleRate+len(s)+2*media.SampleRate)
				copy(x[2*media.SampleRate:], s)
				from, to := audible(x)
				noise(rnd, x, -20-snr, true)
				said++
				got := openings(NewVOX(usual), pcm(x), nil)
				switch {
				case len(got) == 0:
					missed++
				case got[0].from > from:
					clipped++
				case len(got) > 1 || got[0].to < to:
					broken++
				}
			}
		}
		t.Logf("false rejects, %2.0f dB above coloured noise: %d of %d sentences missed, %d begun late, %d broken off", snr, missed, said, clipped, broken)
		if missed > 0 || snr >= 20 && clipped > said/50 || broken > said/50 {
			t.Errorf("at %g dB: %d missed, %d begun late, %d broken off of %d", snr, missed, clipped, broken, said)
		}
	}
	for name, speech := range recorded(t) {
		x := append(make([]float64, 2*media.SampleRate), scaled(speech, -20)...)
		from, _ := audible(x)
		noise(rnd, x, -45, true)
		got := openings(NewVOX(usual), pcm(x), nil)
		if len(got) == 0 || got[0].from > from {
			t.Errorf("%s: %v, spoken from %d", name, got, from)
		}
	}
}

// audible is the first and the last sample that is not 30 dB below the loudest.
func audible(x []float64) (from, to int) {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	from = -1
	for i, v := range x {
		if math.Abs(v) > top*0.0316 {
			if from < 0 {
				from = i
			}
			to = i
		}
	}
	return from, to
}

// TestVOXIsNotTrippedByItsLoudspeaker: what comes out of it, as loud as it is given
// or softer, late as a card and a room make it, opens nothing; speech over silence
// does at once.
func TestVOXIsNotTrippedByItsLoudspeaker(t *testing.T) {
	speech := scaled(recorded(t)["speech.wav"], -20)
	x := make([]float64, len(speech)+4*media.SampleRate)
	const late = media.SampleRate / 5
	given := make([]float64, len(x))
	copy(given[2*media.SampleRate:], speech)
	for i := range speech {
		x[2*media.SampleRate+late+i] = 0.9 * speech[i]
	}
	var meter media.Level
	level := func(at int) float64 {
		meter.Measure(pcm(given[at : at+480]))
		return meter.Peak()
	}
	noise(rand.New(rand.NewPCG(2, 2)), x, -60, true)
	if got := openings(NewVOX(usual), pcm(x), level); len(got) != 0 {
		t.Errorf("the loudspeaker trips it: %v", got)
	}
	if got := openings(NewVOX(usual), pcm(x), nil); len(got) == 0 {
		t.Error("the same is no speech without the loudspeaker: nothing was shown")
	}
}

// TestVOXTellsTheOnset to the frame, and closes the hang after the last sound.
func TestVOXTellsTheOnset(t *testing.T) {
	x := make([]float64, 4*media.SampleRate)
	noise(rand.New(rand.NewPCG(3, 3)), x, -60, false)
	from, to := 2*media.SampleRate+123, 3*media.SampleRate+123
	for i := from; i < to; i++ {
		x[i] += 0.1 * math.Sin(2*math.Pi*700*float64(i)/media.SampleRate)
	}
	got := openings(NewVOX(usual), pcm(x), nil)
	if len(got) != 1 {
		t.Fatalf("%v", got)
	}
	if early := from - got[0].from; early < 4800-480 || early > 4800+480 {
		t.Errorf("opens %d samples before the onset, the pre-roll is 4800", early)
	}
	if late := got[0].to - to; late < 38400-480 || late > 38400+2*480 {
		t.Errorf("closes %d samples after the end, the hang is 38400", late)
	}
}

// TestVOXFallsSilentAtSteadyNoise: a fan that is switched on is the room, not speech.
func TestVOXFallsSilentAtSteadyNoise(t *testing.T) {
	x := make([]float64, 30*media.SampleRate)
	rnd := rand.New(rand.NewPCG(4, 4))
	noise(rnd, x, -70, true)
	noise(rnd, x[5*media.SampleRate:], -30, true)
	got := openings(NewVOX(usual), pcm(x), nil)
	if len(got) != 1 || got[0].to > 11*media.SampleRate {
		t.Errorf("a fan from the fifth second on: %v", got)
	}
}

func TestVOXAllocatesNothing(t *testing.T) {
	v, period := NewVOX(usual), make([]float64, 80)
	if n := testing.AllocsPerRun(500, func() { v.Hear(period, -30) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}
