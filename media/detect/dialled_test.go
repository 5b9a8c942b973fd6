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
			if c := r.Hear(low); c != NoCommand {
				got += string(rune(c))
			}
		}
		if got != tc.want {
			t.Errorf("%s: obeyed %q, want %q", tc.dialled, got, tc.want)
		}
	}
}
