package detect

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/media"
)

// sentences are of the Harvard lists (IEEE Recommended Practice for Speech Quality
// Measurements, 1969): each has the sounds of English in their proportion.
const sentences = `The birch canoe slid on the smooth planks.
Glue the sheet to the dark blue background.
It is easy to tell the depth of a well.
These days a chicken leg is a rare dish.
Rice is often served in round bowls.
The juice of lemons makes fine punch.
The box was thrown beside the parked truck.
The hogs were fed chopped corn and garbage.
Four hours of steady work faced us.
A large size in stockings is hard to sell.
The boy was there when the sun rose.
A rod is used to catch pink salmon.
The source of the huge river is the clear spring.
Kick the ball straight and follow through.
Help the woman get back to her feet.
A pot of tea helps to pass the evening.
Smoky fires lack flame and heat.
The soft cushion broke the man's fall.
The salt breeze came across from the sea.
The girl at the booth sold fifty bonds.`

// voices are what espeak-ng speaks with.
func voices() []string {
	return []string{"en-us", "en-us+f2", "en-us+f4", "en-us+m3", "en-us+m7", "en-gb", "en-gb+f3", "en-gb-scotland", "de", "de+f2", "fr", "es", "it+f1", "nl", "sv", "pl+f2"}
}

// wav reads a WAV file, whatever its rate, as 48 kHz.
func wav(t testing.TB, path string) []int16 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("data"))
	if at < 0 {
		t.Fatalf("%s: no samples", path)
	}
	rate := binary.LittleEndian.Uint32(b[24:])
	b = b[at+8:]
	in := make([]float64, len(b)/2)
	for i := range in {
		in[i] = float64(int16(binary.LittleEndian.Uint16(b[2*i:])))
	}
	out := make([]int16, int(float64(len(in)-1)*media.SampleRate/float64(rate)))
	for i := range out {
		x := float64(i) * float64(rate) / media.SampleRate
		k := int(x)
		out[i] = int16(in[k] + (in[k+1]-in[k])*(x-float64(k)))
	}
	return out
}

// recorded are people.
func recorded(t testing.TB) map[string][]int16 {
	all := map[string][]int16{}
	for _, path := range []string{"../../hal/sim/speech.wav", "../testdata/front_center.wav", "../testdata/rear_right.wav"} {
		all[filepath.Base(path)] = wav(t, path)
	}
	return all
}

// spoken is the sentences by one of the voices, all in one. It skips the test
// where there is no espeak-ng.
func spoken(t testing.TB, voice string, wordsPerMinute int, text string) []int16 {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("SKIPPED: espeak-ng is missing (Debian package espeak-ng)")
	}
	file := filepath.Join(t.TempDir(), "spoken.wav")
	out, err := exec.CommandContext(t.Context(), "espeak-ng", "-v", voice, "-s", strconv.Itoa(wordsPerMinute), "-w", file, text).CombinedOutput()
	if err != nil {
		t.Fatalf("espeak-ng: %v: %s", err, out)
	}
	return wav(t, file)
}

// periods are pcm as a card delivers it: where each ends, and what detectors hear of it.
func periods(pcm []int16) iter.Seq2[int, []float64] {
	d := NewDecimator()
	return func(yield func(int, []float64) bool) {
		for to := 480; to <= len(pcm); to += 480 {
			if !yield(to, d.Take(pcm[to-480:to])) {
				return
			}
		}
	}
}

func lines(text string) []string { return strings.Split(text, "\n") }

// scaled is pcm with so many dBFS where it is not silent.
func scaled(pcm []int16, dBFS float64) []float64 {
	out := make([]float64, len(pcm))
	var sum float64
	n := 0
	for i, s := range pcm {
		out[i] = float64(s) / 32768
		if s > 200 || s < -200 {
			sum += out[i] * out[i]
			n++
		}
	}
	gain := math.Pow(10, dBFS/20) / math.Sqrt(sum/float64(max(n, 1))+1e-12)
	for i := range out {
		out[i] *= gain
	}
	return out
}

// noise adds noise of so many dBFS to x: white or, coloured, falling by 6 dB an
// octave above 100 Hz.
func noise(rnd *rand.Rand, x []float64, dBFS float64, coloured bool) {
	y, level := 0.0, math.Pow(10, dBFS/20)
	const pole = 0.987 // 100 Hz
	for i := range x {
		n := rnd.NormFloat64()
		if coloured {
			y = pole*y + n*math.Sqrt(1-pole*pole)
			n = y
		}
		x[i] += level * n
	}
}

func pcm(x []float64) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(max(-32768, min(32767, math.RoundToEven(v*32768))))
	}
	return out
}
