package media

import "testing"

func TestTonesAreShortSoftAndDistinct(t *testing.T) {
	tones := NewTones()
	for tone, pcm := range tones {
		if n := len(pcm); n < SampleRate/50 || n > SampleRate/2 {
			t.Errorf("tone %d has %d samples", tone, n)
		}
		top, step := 0, 0
		for i, s := range pcm {
			top = max(top, int(s), -int(s))
			if i > 0 {
				step = max(step, int(s)-int(pcm[i-1]), int(pcm[i-1])-int(s))
			}
		}
		if top < 5000 || top > 8192 {
			t.Errorf("tone %d has its peak at %d", tone, top)
		}
		// The steepest sine used rises by 2π·1175/48000 of its amplitude a sample;
		// a click would rise faster.
		if step > 6500*16/100 {
			t.Errorf("tone %d clicks: %d from one sample to the next", tone, step)
		}
		if pcm[0] != 0 || pcm[len(pcm)-1] > 40 || pcm[len(pcm)-1] < -40 {
			t.Errorf("tone %d starts at %d and ends at %d", tone, pcm[0], pcm[len(pcm)-1])
		}
		for other := range tone {
			if lag, alike := correlate(tones[other], pcm, 0); lag == 0 && alike > 0.9 {
				t.Errorf("tones %d and %d sound the same", other, tone)
			}
		}
	}
}

func TestGainOfTones(t *testing.T) {
	tones, plain := NewTones(), NewTones()
	tones.Gain(-6.02)
	for i, s := range plain[Permit] {
		if got := tones[Permit][i]; got < s/2-1 || got > s/2+1 {
			t.Fatalf("sample %d of %d became %d", i, s, got)
		}
	}
	tones.Gain(60)
	for _, s := range tones[Permit] {
		if s == 32767 {
			return
		}
	}
	t.Error("full scale is never reached")
}
