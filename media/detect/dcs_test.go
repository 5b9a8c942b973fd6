package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/biquad"
)

func dcsCode(t testing.TB, text string) media.DCSCode {
	t.Helper()
	code, err := media.ParseDCS(text)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// coded adds a transmission with a code to x, as our own transmitter sends it, turn-off
// code included; fast is by how much its clock is off.
func coded(x []float64, code media.DCSCode, dBFS float64, from, to int, fast float64) {
	k := media.NewKeying(media.KeyTiming{Tail: 200 * time.Millisecond, Limit: time.Hour})
	s := media.NewDCS(code, -10)
	gain := math.Pow(10, (dBFS+10)/20) / 32768
	var sent []int16
	for n := 0; n < to-from+media.SampleRate; n += 480 {
		pcm := make([]int16, 480)
		if !k.Process(pcm, n < to-from-9600, false) {
			break
		}
		s.Process(k, pcm)
		sent = append(sent, pcm...)
	}
	for i := from; i < len(x); i++ {
		at := float64(i-from) * (1 + fast)
		if int(at)+1 >= len(sent) {
			return
		}
		part := at - math.Floor(at)
		x[i] += gain * (float64(sent[int(at)])*(1-part) + float64(sent[int(at)+1])*part)
	}
}

// TestDCSRates publishes how often a code is missed or lost under speech, and how often
// speech, noise, tones and other codes are taken for it.
func TestDCSRates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	const level = -30 // 10 dB below speech
	speech := scaled(recorded(t)["speech.wav"], -20)
	missed, lost, slowest, longest, n := 0, 0, 0, -media.SampleRate, 0
	for i, octal := range media.DCSCodes() {
		polarity := string("NI"[i%2])
		code := dcsCode(t, octalText(octal)+polarity)
		x := make([]float64, 6*media.SampleRate)
		for i := range x {
			x[i] = speech[i%len(speech)]
		}
		biquad.HighPass(300, media.SampleRate).Process(x) // as every radio's microphone is
		noise(rnd, x, -45, false)
		from, to := media.SampleRate, 4*media.SampleRate
		coded(x, code, level, from, to, 0.002*(2*rnd.Float64()-1))
		if i%3 == 0 { // a card that is coupled by capacitors
			couple(x, 10)
		}
		n++
		got := opened(NewDCS(code), pcm(x))
		switch {
		case len(got) == 0 || got[0].from < from:
			missed++
		case len(got) > 1 || got[0].to < to-9600:
			lost++
		default:
			slowest, longest = max(slowest, got[0].from-from), max(longest, got[0].to-to)
		}
	}
	t.Logf("false rejects: %d of %d codes missed, %d lost, under speech 10 dB louder, clock within 0.2 %%; told after %d ms, over %d ms before the end",
		missed, n, lost, slowest/48, -longest/48)
	if missed > 0 || lost > 0 || slowest > 350*48 || longest > 0 {
		t.Error("codes are missed, lost, or told too late")
	}

	// Each code beside each other one, and inverted.
	wrong, others := 0, 0
	codes := media.DCSCodes()
	for i := 0; i < len(codes); i += 8 {
		sent := dcsCode(t, octalText(codes[i])+"N")
		x := make([]float64, media.SampleRate)
		noise(rnd, x, -45, false)
		coded(x, sent, level, 0, len(x), 0)
		sound := pcm(x)
		for _, octal := range codes {
			for _, polarity := range []string{"N", "I"} {
				code := dcsCode(t, octalText(octal)+polarity)
				if same(code.Word(), sent.Word()) {
					continue
				}
				if others++; len(opened(NewDCS(code), sound)) > 0 {
					wrong++
				}
			}
		}
	}
	t.Logf("false accepts: %d of %d other codes", wrong, others)
	if wrong > 0 {
		t.Error("another code is taken for the one")
	}

	// Tones, noise, and speech that no radio has taken the lows from.
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
	for _, hz := range []float64{67, 67.2, 69.3, 88.5, 134.4, 136.5, 254.1} {
		x := make([]float64, 5*media.SampleRate)
		hum(x, hz, level, 0, len(x))
		sounds = append(sounds, pcm(x))
	}
	opens, minutes := 0, 0.0
	for i, sound := range sounds {
		minutes += float64(len(sound)) / media.SampleRate / 60
		for k := range 3 {
			opens += len(opened(NewDCS(dcsCode(t, octalText(codes[(7*i+29*k)%len(codes)])+string("NI"[k%2]))), sound))
		}
	}
	t.Logf("false accepts: %d in %.0f minutes of speech, noise and tones, three codes each", opens, minutes)
	if opens > 0 {
		t.Error("something else is taken for a code")
	}
}

// TestDCSTellsTheOnset to a twentieth of a second, so that pre-roll sends what was said
// meanwhile.
func TestDCSTellsTheOnset(t *testing.T) {
	for _, text := range []string{"023N", "165I", "754N"} {
		x := make([]float64, 4*media.SampleRate)
		noise(rand.New(rand.NewPCG(2, 2)), x, -45, false)
		from := 2*media.SampleRate + 1234
		coded(x, dcsCode(t, text), -30, from, len(x)+media.SampleRate, 0)
		got := openings(NewDCS(dcsCode(t, text)), pcm(x), nil)
		if len(got) != 1 || got[0].from < from-2400 || got[0].from > from+2400 {
			t.Errorf("%s from %d on: %v", text, from, got)
		}
	}
}

// TestDCSEnds publishes how long after a transmission the code is taken for there, with
// its turn-off code and without.
func TestDCSEnds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, cut := range []bool{false, true} {
		for _, after := range []float64{-10, -60} {
			latest := -media.SampleRate
			for i, octal := range media.DCSCodes() {
				if i%4 > 0 {
					continue
				}
				code := dcsCode(t, octalText(octal)+"N")
				x := make([]float64, 3*media.SampleRate)
				noise(rnd, x, -60, false)
				end := 2*media.SampleRate + rnd.IntN(2400)
				coded(x, code, -30, 0, end, 0)
				if cut {
					clear(x[end-9600:])
					end -= 9600
				}
				noise(rnd, x[end:], after, false)
				got := opened(NewDCS(code), pcm(x))
				if len(got) != 1 {
					t.Fatalf("%s: %v", code, got)
				}
				latest = max(latest, got[0].to-end)
			}
			t.Logf("turn-off code %v, noise at %g dBFS after: over %d ms after the end at most", !cut, after, latest/48)
			if most := map[bool]int{false: 0, true: 240}[cut]; latest > most*48 {
				t.Errorf("want %d ms", most)
			}
		}
	}
}

func TestDCSAllocatesNothing(t *testing.T) {
	d, period := NewDCS(dcsCode(t, "023N")), make([]float64, 80)
	for i := range period {
		period[i] = math.Sin(float64(i))
	}
	if n := testing.AllocsPerRun(500, func() { d.Hear(period, -30) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}

// couple takes from x what is below hz, as a capacitor does.
func couple(x []float64, hz float64) {
	a := 1 / (1 + 2*math.Pi*hz/media.SampleRate)
	var last, passed float64
	for i, v := range x {
		passed = a * (passed + v - last)
		last = v
		x[i] = passed
	}
}

func octalText(octal uint32) string {
	return string([]byte{byte('0' + octal>>6), byte('0' + octal>>3&7), byte('0' + octal&7)})
}

func same(a, b uint32) bool {
	for range media.DCSBits {
		if a == b {
			return true
		}
		a = a>>1 | a&1<<(media.DCSBits-1)
	}
	return false
}
