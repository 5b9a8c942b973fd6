package media

import (
	"fmt"
	"math"
	"strings"
)

// MorseTone is how Morse code sounds.
type MorseTone struct {
	WordsPerMinute int     // of PARIS, 5 to 40
	Hertz          float64 // 300 to 3000
	Gain           float64 // in dB, beside speech as the tones of a Tones
}

// Morse is text in the International Morse code (ITU-R M.1677-1): letters, figures,
// blanks, and / ? = . , + -. A dash is three dots long, the space within a letter is
// one, between letters three, between words seven.
func Morse(text string, t MorseTone) ([]int16, error) {
	switch {
	case t.WordsPerMinute < 5 || t.WordsPerMinute > 40:
		return nil, fmt.Errorf("morse at %d words a minute; expected 5 to 40", t.WordsPerMinute)
	case t.Hertz < 300 || t.Hertz > 3000:
		return nil, fmt.Errorf("morse at %g Hz; expected 300 to 3000", t.Hertz)
	}
	dot := 1200 / float64(t.WordsPerMinute) // ms: PARIS and the space after it are 50 dots
	var notes []note
	for i, word := range strings.Fields(strings.ToUpper(text)) {
		if i > 0 {
			notes = append(notes, note{0, 4 * dot}) // and 3 after the last letter
		}
		for _, letter := range word {
			code := morseOf(letter)
			if code == "" {
				return nil, fmt.Errorf("morse has no %q; expected letters, figures, blanks and /?=.,+-", letter)
			}
			for _, sign := range code {
				length := dot
				if sign == '-' {
					length = 3 * dot
				}
				notes = append(notes, note{t.Hertz, length}, note{0, dot})
			}
			notes = append(notes, note{0, 2 * dot})
		}
	}
	pcm := synthesise(notes...)
	factor := math.Pow(10, t.Gain/20)
	for i, s := range pcm {
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, factor*float64(s))))
	}
	return pcm, nil
}

// morseOf is the code of a letter; none, if it is empty.
func morseOf(letter rune) string {
	return map[rune]string{
		'A': ".-", 'B': "-...", 'C': "-.-.", 'D': "-..", 'E': ".", 'F': "..-.", 'G': "--.", 'H': "....", 'I': "..",
		'J': ".---", 'K': "-.-", 'L': ".-..", 'M': "--", 'N': "-.", 'O': "---", 'P': ".--.", 'Q': "--.-", 'R': ".-.",
		'S': "...", 'T': "-", 'U': "..-", 'V': "...-", 'W': ".--", 'X': "-..-", 'Y': "-.--", 'Z': "--..",
		'1': ".----", '2': "..---", '3': "...--", '4': "....-", '5': ".....",
		'6': "-....", '7': "--...", '8': "---..", '9': "----.", '0': "-----",
		'/': "-..-.", '?': "..--..", '=': "-...-", '.': ".-.-.-", ',': "--..--", '+': ".-.-.", '-': "-....-",
	}[letter]
}
