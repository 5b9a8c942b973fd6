package media

import (
	"math"
	"slices"
	"testing"
)

// keyed is how long pcm sounds and is silent in turn, in dots of so many samples.
func keyed(pcm []int16, dot float64) (lengths []int) {
	const frame = 96
	on, run := false, 0
	end := func() { lengths = append(lengths, int(math.Round(float64(run*frame)/dot))) }
	for at := 0; at+frame <= len(pcm); at += frame {
		if now := slices.Max(pcm[at:at+frame]) > 3000; now != on {
			if on || lengths != nil {
				end()
			}
			on, run = now, 0
		}
		run++
	}
	if on {
		end()
	}
	return lengths
}

// TestMorseTiming: dots, dashes and spaces are those of ITU-R M.1677-1, and PARIS
// with the space after it takes a minute by the number of words.
func TestMorseTiming(t *testing.T) {
	pcm, err := Morse("paris paris", MorseTone{WordsPerMinute: 20, Hertz: 800})
	if err != nil {
		t.Fatal(err)
	}
	paris := []int{1, 1, 3, 1, 3, 1, 1, 3, 1, 1, 3, 3, 1, 1, 3, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 1, 1}
	const dot = 1.2 / 20 * SampleRate
	if got, want := keyed(pcm, dot), slices.Concat(paris, []int{7}, paris); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := len(pcm); math.Abs(float64(got)-(50+46)*dot) > dot/2 {
		t.Errorf("it lasts %.1f dots, want 96: the space after the last word is short", float64(got)/dot)
	}
	for text, tone := range map[string]MorseTone{
		"ä": {20, 800, 0}, "A": {50, 800, 0}, "B": {20, 100, 0},
	} {
		if _, err := Morse(text, tone); err == nil {
			t.Errorf("%q by %+v is taken", text, tone)
		}
	}
}
