package detect

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/media"
)

// dialling is the sound of digits, 80 ms each and as much between them; a blank is
// a pause of a second.
func dialling(text string) []int16 {
	x := make([]float64, (len(text)+20*strings.Count(text, " ")+2)*media.SampleRate*16/100)
	noise(rand.New(rand.NewPCG(5, 5)), x, -55, false)
	at := 4800
	for i := range text {
		if text[i] == ' ' {
			at += media.SampleRate
			continue
		}
		dial{ms: 80, level: -20}.dialled(x, text[i], at)
		at += media.SampleRate * 16 / 100
	}
	return pcm(x)
}

// TestOnlyCodesAreObeyed: whole sequences with a code of the list, in time; guessing
// is shut out.
func TestOnlyCodesAreObeyed(t *testing.T) {
	for _, tc := range []struct{ dialled, want string }{
		{"*47111#", "1"},
		{"*47112# *47113#", "23"},
		{"99*08151#", "1"},
		{"47111#", ""},                       // no *
		{"*47111", ""},                       // no #
		{"*47119#", ""},                      // no such command
		{"*47121#", ""},                      // no such code
		{"*4711       1#", ""},               // too slow
		{"*1*47111#", "1"},                   // begun anew
		{"*1234567890123456#", ""},           // too long
		{"*11111#*22221#*33331#*47111#", ""}, // three wrong ones
		{"*11111#*22221#*47111#*33331#*47111#", "11"},
	} {
		r, got := NewRemote([]string{"4711", "0815"}), ""
		for _, low := range periods(dialling(tc.dialled)) {
			if c := r.Hear(low); c != NoCommand && c != NotObeyed {
				got += string(rune(c))
			}
		}
		if got != tc.want {
			t.Errorf("%s: obeyed %q, want %q", tc.dialled, got, tc.want)
		}
	}
}

// TestDigitsThatAreNotObeyedAreTold once, 5 s after the last; those of a command are not.
func TestDigitsThatAreNotObeyedAreTold(t *testing.T) {
	for dialled, want := range map[string]int{
		"*47111#": 0, "*47121#": 1, "5": 1, "47111#": 1, "*4711       1#": 2, "*47111# 5": 1, "*11111#*22221#": 1,
	} {
		r, told := NewRemote([]string{"4711"}), 0
		for _, low := range periods(append(dialling(dialled), make([]int16, 7*media.SampleRate)...)) {
			if r.Hear(low) == NotObeyed {
				told++
			}
		}
		if told != want {
			t.Errorf("%s: told %d times, want %d", dialled, told, want)
		}
	}
}

// TestDialledThroughADiscriminator: a receiver's discriminator raises the high tones of
// digits, as it does all sound, and lets CTCSS through. With de-emphasis they are decoded.
func TestDialledThroughADiscriminator(t *testing.T) {
	sound := dialling("*47111#")
	media.NewPreEmphasis().Process(sound)
	x := make([]float64, len(sound))
	for i, s := range sound {
		x[i] = float64(s) / 32768
	}
	hum(x, 88.5, -26, 0, len(x))
	de := pcm(x)
	media.NewDeEmphasis().Process(de)
	r, got := NewRemote([]string{"4711"}), NoCommand
	c, open := newCTCSS(t, 88.5), false
	for _, low := range periods(de) {
		got = max(got, r.Hear(low))
		open, _ = c.Hear(low, 0)
	}
	if got != TellState {
		t.Errorf("command %q, want %q", got, TellState)
	}
	if !open {
		t.Error("CTCSS is not heard after de-emphasis")
	}
}
