package level

import "testing"

// BenchmarkChain is what each stage costs, per frame of 20 ms.
func BenchmarkChain(b *testing.B) {
	for _, bc := range []struct {
		name string
		cfg  Config
	}{
		{"off", Config{}},
		{"high-pass", Config{HighPass: 120}},
		{"gate", Config{Gate: -50}},
		{"agc", Config{Target: -20, MaxGain: 20}},
		{"gain and limiter", Config{Gain: 6, Limit: true}},
		{"all", Config{Gain: 6, HighPass: 120, Gate: -50, Target: -20, MaxGain: 20, Limit: true}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			c, pcm, at := newChain(b, bc.cfg), speech(b), 0
			period := make([]int16, 960)
			for b.Loop() {
				if at+960 > len(pcm) {
					at = 0
				}
				copy(period, pcm[at:])
				at += 960
				c.Process(period)
			}
		})
	}
}
