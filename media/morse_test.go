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

// TestIdentifierKeepsItsInterval: after the first speech, then each interval in which
// there was some, in the pauses; over speech that does not end.
func TestIdentifierKeepsItsInterval(t *testing.T) {
	sound := slices.Repeat([]int16{5000}, SampleRate)
	d := NewIdentifier(Ident{Sound: sound, Every: 60e9})
	period := make([]int16, 480)
	run := func(seconds float64, speech bool) (sounding int) {
		for range int(seconds * 100) {
			clear(period)
			if d.Process(period, speech) && period[0] != 0 {
				sounding++
			}
		}
		return sounding
	}
	for i, step := range []struct {
		seconds float64
		speech  bool
		want    int
	}{
		{90, false, 0},  // nobody spoke
		{5, true, 0},    // the first speech
		{2, false, 100}, // and its identification
		{30, true, 0},
		{60, false, 100}, // the interval is over in the pause
		{200, false, 0},  // unused
		{1, true, 0},
		{2, false, 100},
		{100, true, 100}, // no pause: over speech, half a minute late
	} {
		if got := run(step.seconds, step.speech); got != step.want {
			t.Errorf("step %d: %d periods of identification, want %d", i, got, step.want)
		}
	}
	if d.Sent() != 4 {
		t.Errorf("%d were counted, want 4", d.Sent())
	}
	if n := testing.AllocsPerRun(100, func() { d.Process(period, true) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
	bare := []int16{1, -2, 3}
	if none := NewIdentifier(Ident{}); none.Process(bare, false) || !none.Process(bare, true) || !slices.Equal(bare, []int16{1, -2, 3}) {
		t.Error("without a sound something is changed")
	}
}
