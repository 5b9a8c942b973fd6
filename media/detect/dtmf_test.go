package detect

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/media"
)

const dtmfDigits = "123A456B789C*0#D"

// dial is one way of sending a digit.
type dial struct {
	ms        float64
	level     float64 // of the louder tone, dBFS RMS
	twist     float64 // dB of high above low
	low, high float64 // deviations, 0.01 is 1 %
	noise     float64 // dBFS in 4 kHz, white; 0 is none
}

// dialled adds a digit to x from sample at on.
func (d dial) dialled(x []float64, digit byte, at int) {
	k := strings.IndexByte(dtmfDigits, digit)
	rows, columns := []float64{697, 770, 852, 941}, []float64{1209, 1336, 1477, 1633}
	low, high := d.level+min(0, -d.twist), d.level+min(0, d.twist)
	to := at + int(d.ms*media.SampleRate/1000)
	hum(x, rows[k/4]*(1+d.low), low, at, to)
	hum(x, columns[k%4]*(1+d.high), high, at, to)
}

func digits(d *DTMF, pcm []int16) string {
	var got []byte
	for _, low := range periods(pcm) {
		if digit := d.Hear(low); digit != 0 {
			got = append(got, digit)
		}
	}
	return string(got)
}

// TestDTMFRates publishes how many digits are missed that ITU-T Q.24 wants taken, how
// many are taken that it wants left, and how often speech is taken for a digit.
func TestDTMFRates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	run := func(d dial) (taken, wrong, sent int) {
		for range 20 {
			for i := range dtmfDigits {
				x := make([]float64, 12000+rnd.IntN(480))
				if d.noise != 0 {
					noise(rnd, x, d.noise+7.8, false) // 24 kHz wide
				}
				d.dialled(x, dtmfDigits[i], 3000+rnd.IntN(2000))
				sent++
				switch got := digits(NewDTMF(), pcm(x)); {
				case got == dtmfDigits[i:i+1]:
					taken++
				case got != "":
					wrong++
				}
			}
		}
		return taken, wrong, sent
	}
	usual := dial{ms: 40, level: -20}
	with := func(change func(*dial)) dial { d := usual; change(&d); return d }
	for _, tc := range []struct {
		name string
		dial dial
		all  bool // all are to be taken, or none
	}{
		{"40 ms", usual, true},
		{"40 ms, both tones 1.5 % high", with(func(d *dial) { d.low, d.high = 0.015, 0.015 }), true},
		{"40 ms, low tone 1.5 % low, high tone 1.5 % high", with(func(d *dial) { d.low, d.high = -0.015, 0.015 }), true},
		{"40 ms, high tone 4 dB louder", with(func(d *dial) { d.twist = 4 }), true},
		{"40 ms, high tone 8 dB louder", with(func(d *dial) { d.twist = 8 }), true},
		{"100 ms, high tone 8 dB louder, 1 % off, 15 dB above noise", with(func(d *dial) { d.ms, d.twist, d.low, d.high, d.noise = 100, 8, 0.01, -0.01, -35 }), true},
		{"40 ms, high tone 8 dB softer", with(func(d *dial) { d.twist = -8 }), true},
		{"40 ms, -40 dBFS", with(func(d *dial) { d.level = -40 }), true},
		{"40 ms, 15 dB above noise", with(func(d *dial) { d.noise = -35 }), true},
		{"100 ms, 12 dB above noise, 1 % off", with(func(d *dial) { d.ms, d.noise, d.low, d.high = 100, -32, 0.01, -0.01 }), true},
		{"20 ms", with(func(d *dial) { d.ms = 20 }), false},
		{"100 ms, low tone 3.5 % high", with(func(d *dial) { d.ms, d.low = 100, 0.035 }), false},
		{"100 ms, high tone 3.5 % low", with(func(d *dial) { d.ms, d.high = 100, -0.035 }), false},
		{"100 ms, high tone 14 dB softer", with(func(d *dial) { d.ms, d.twist = 100, -14 }), false},
		{"100 ms, high tone 14 dB louder", with(func(d *dial) { d.ms, d.twist = 100, 14 }), false},
	} {
		taken, wrong, sent := run(tc.dial)
		t.Logf("%-50s %d of %d taken, %d taken for another", tc.name, taken, sent, wrong)
		if wrong > 0 || tc.all && taken < sent || !tc.all && taken > 0 {
			t.Errorf("%s: want all %v", tc.name, tc.all)
		}
	}

	// Talk-off: nobody dials.
	minutes, offs := 0.0, 0
	hear := func(sound []int16) {
		minutes += float64(len(sound)) / media.SampleRate / 60
		offs += len(digits(NewDTMF(), sound))
	}
	for _, s := range recorded(t) {
		hear(s)
	}
	for i, voice := range voices() {
		for _, wpm := range []int{130, 170} {
			hear(pcm(scaled(spoken(t, voice, wpm+i, sentences), -20)))
		}
	}
	x := make([]float64, 60*media.SampleRate)
	noise(rnd, x, -20, false)
	hear(pcm(x))
	t.Logf("talk-off: %d digits in %.0f minutes of speech and noise", offs, minutes)
	if offs > 2 {
		t.Error("speech dials")
	}
}

// TestDTMFTellsDigitsApart: one after the other with 40 ms between, the same twice,
// and one that is held counts once.
func TestDTMFTellsDigitsApart(t *testing.T) {
	const dialled = "*147#2580369DCBA1144"
	x := make([]float64, 3*media.SampleRate)
	noise(rand.New(rand.NewPCG(2, 2)), x, -50, false)
	d := dial{ms: 50, level: -23}
	at := 1000
	for i := range dialled {
		d.dialled(x, dialled[i], at)
		at += 90 * media.SampleRate / 1000
	}
	if got := digits(NewDTMF(), pcm(x)); got != dialled {
		t.Errorf("dialled %s, got %s", dialled, got)
	}
	held := make([]float64, 2*media.SampleRate)
	dial{ms: 1500, level: -23}.dialled(held, '5', 1000)
	if got := digits(NewDTMF(), pcm(held)); got != "5" {
		t.Errorf("a held 5 is %q", got)
	}
}

func TestDTMFAllocatesNothing(t *testing.T) {
	d, period := NewDTMF(), make([]float64, 80)
	if n := testing.AllocsPerRun(500, func() { d.Hear(period) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}

// TestFourBinsAtOnce are those that each has by itself, to the bit.
func TestFourBinsAtOnce(t *testing.T) {
	pcm := make([]float64, dtmfBlock)
	for i := range pcm {
		pcm[i] = math.Sin(float64(i * i)) // anything
	}
	var g [4]goertzel
	for i, hz := range []float64{697, 770, 1477, 1633} {
		g[i] = newGoertzel(hz, Rate)
	}
	re, im := fourOf(g[0], g[1], g[2], g[3], pcm)
	for i := range g {
		if r, j := g[i].of(pcm); r != re[i] || j != im[i] {
			t.Errorf("bin %d is %v, %v; want %v, %v", i, re[i], im[i], r, j)
		}
	}
}
