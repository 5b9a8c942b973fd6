package sound

import (
	"math"
	"testing"

	"github.com/talkgate/talkgate/hal"
)

// TestResamplerKeepsTones measures what comes out of a tone besides the tone, over
// the band of speech and above, in blocks as a card hands them over.
func TestResamplerKeepsTones(t *testing.T) {
	for _, rate := range rates() {
		for _, direction := range []struct {
			name    string
			in, out int
		}{{"captured", int(rate), hal.SampleRate}, {"played", hal.SampleRate, int(rate)}} {
			for _, hertz := range []float64{100, 1000, 3400} {
				if hertz > 0.4*float64(rate) {
					continue // the slope of the filter
				}
				r := newResampler(direction.in, direction.out)
				var in, out []int16
				for i := range direction.in {
					in = append(in, int16(math.Round(16384*math.Sin(2*math.Pi*hertz*float64(i)/float64(direction.in)))))
				}
				block := direction.in / 100
				for ; len(in) >= block; in = in[block:] {
					out = r.convert(out, in[:block])
				}
				if n := len(out); n < direction.out-1 || n > direction.out+1 {
					t.Errorf("%s at %d Hz: a second is %d samples", direction.name, rate, n)
				}
				gain, residue := analyze(out[len(out)/4:len(out)*3/4], hertz, float64(direction.out))
				if math.Abs(gain/16384-1) > 0.02 || residue > -60 {
					t.Errorf("%s at %d Hz: a tone of %v Hz comes out at %.3f with %.0f dB of other sound", direction.name, rate, hertz, gain/16384, residue)
				}
			}
		}
	}
}

// TestResamplerCutsOffWhatWouldAlias plays a tone that a card of 16 kHz can't.
func TestResamplerCutsOffWhatWouldAlias(t *testing.T) {
	r := newResampler(hal.SampleRate, 16000)
	var in []int16
	for i := range hal.SampleRate {
		in = append(in, int16(16384*math.Sin(2*math.Pi*10000*float64(i)/hal.SampleRate)))
	}
	out := r.convert(nil, in)
	power := 0.0
	for _, s := range out[1000:] {
		power += float64(s) * float64(s)
	}
	if rms := math.Sqrt(power / float64(len(out)-1000)); rms > 16384/100 {
		t.Errorf("10 kHz come out at %.0f", rms)
	}
}

// analyze is a tone's amplitude in pcm, and how far what is not the tone lies
// below it, in dB.
func analyze(pcm []int16, hertz, rate float64) (amplitude, residue float64) {
	var re, im float64
	for i, s := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hertz * float64(i) / rate)
		re, im = re+cos*float64(s), im+sin*float64(s)
	}
	re, im = 2*re/float64(len(pcm)), 2*im/float64(len(pcm))
	rest := 0.0
	for i, s := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hertz * float64(i) / rate)
		off := float64(s) - re*cos - im*sin
		rest += off * off
	}
	amplitude = math.Hypot(re, im)
	return amplitude, 10 * math.Log10(rest/float64(len(pcm))/(amplitude*amplitude/2)+1e-12)
}
