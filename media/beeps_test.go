package media

import (
	"slices"
	"testing"
)

// bursts counts stretches of sound that pauses of 50 ms and more part, and those of
// pauses longer than 200 ms.
func bursts(pcm []int16) (n, longPauses int) {
	quiet := SampleRate
	for _, s := range pcm {
		if s > -200 && s < 200 {
			quiet++
			continue
		}
		if quiet > SampleRate/20 {
			n++
			if n > 1 && quiet > SampleRate/5 {
				longPauses++
			}
		}
		quiet = 0
	}
	return n, longPauses
}

func TestBeepsAreCounted(t *testing.T) {
	for _, want := range []int{1, 2, 5, 6, 15} {
		n, long := bursts(Beeps(want, 0))
		if n != want || long != (want-1)/5 {
			t.Errorf("%d beeps have %d bursts and %d long pauses", want, n, long)
		}
	}
	loud, soft := Beeps(1, 0), Beeps(1, -20)
	if a, b := slices.Max(loud), slices.Max(soft); b < a/11 || b > a/9 {
		t.Errorf("peaks %d and, 20 dB softer, %d", a, b)
	}
}

// TestASoundIsPlayed: as a tone is, but by who plays no tones.
func TestASoundIsPlayed(t *testing.T) {
	sound := Beeps(3, 0)
	p := newPlayout(t, nil)
	p.Play(&sound)
	if got := drain(p, len(sound), 480); !slices.Equal(got, sound) {
		t.Error("not what was to be played")
	}
	p.SetTones(nil)
	p.Play(&sound)
	if n, _ := bursts(drain(p, len(sound), 480)); n > 0 {
		t.Error("a port without tones plays it")
	}
	p.SetTones(NewTones())
	p.PlayTone(Emergency)
	drain(p, 480, 480)
	p.Play(&sound) // an emergency is not cut short
	if got := drain(p, 480, 480); slices.Equal(got, sound[:480]) {
		t.Error("cut the tone of an emergency short")
	}
}
