package sim_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

// TestReceiver: the squelch opens with the sound and closes after the noise; who
// comes back meanwhile is heard on.
func TestReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sim.NewRadio("r", sim.Silence())
		defer r.Close()
		period := make([]int16, hal.PeriodSamples)
		expect := func(what string, open bool, low, high float64) {
			t.Helper()
			synctest.Wait()
			for range 2 { // what was being captured, and the next
				if _, err := r.Mic.Read(period); err != nil {
					t.Fatal(err)
				}
			}
			var sum float64
			for _, v := range period {
				sum += float64(v) * float64(v) / (1 << 30)
			}
			level := 10 * math.Log10(sum/float64(len(period)))
			if active, _ := r.COR.Active(); active != open || level < low || level > high {
				t.Errorf("%s: squelch open %v, %.1f dBFS; want %v, %v to %v", what, active, level, open, low, high)
			}
			if r.Receives() != (what == "received") {
				t.Errorf("%s: it says it receives: %v", what, r.Receives())
			}
		}
		expect("at rest", false, math.Inf(-1), -90)
		for range 2 {
			r.Receive(sim.Tone(1000, -20, 0))
			expect("received", true, -24, -22)
			r.Fade()
			expect("faded", true, -13, -11)
		}
		r.Receive(sim.Tone(1000, -20, 0))
		time.Sleep(2 * sim.SquelchTail)
		expect("received", true, -24, -22)
		r.Fade()
		r.Fade()
		time.Sleep(sim.SquelchTail)
		expect("closed", false, math.Inf(-1), -90)
	})
}

// TestDial: each key is two tones, in its time.
func TestDial(t *testing.T) {
	const digits = "159D*"
	dial := sim.Dial(digits, 1000)
	pcm := make([]int16, 1000+int(sim.DialTime(digits))+1000)
	for at := 0; at < len(pcm); at += 100 {
		dial(uint64(at), pcm[at:at+100])
	}
	power := func(from int, hertz float64) float64 {
		var re, im float64
		for i, v := range pcm[from : from+3840] {
			w := 2 * math.Pi * hertz * float64(i) / hal.SampleRate
			re += float64(v) * math.Cos(w) / math.MaxInt16 / 1920
			im += float64(v) * math.Sin(w) / math.MaxInt16 / 1920
		}
		return 20 * math.Log10(math.Hypot(re, im))
	}
	for n, tones := range [][2]float64{{697, 1209}, {770, 1336}, {852, 1477}, {941, 1633}, {941, 1209}} {
		for _, hertz := range tones {
			if at := power(1000+7680*n, hertz); math.Abs(at+20) > 1 {
				t.Errorf("%c has %g Hz at %.1f dBFS, want -20", digits[n], hertz, at)
			}
		}
		for i, v := range pcm[1000+7680*n+3840 : 1000+7680*(n+1)] {
			if v != 0 {
				t.Fatalf("sample %d after %c is %d", i, digits[n], v)
			}
		}
	}
	for i, v := range pcm[:1000] {
		if v != 0 || pcm[len(pcm)-1000+i] != 0 {
			t.Fatal("there is sound before or after")
		}
	}
}
