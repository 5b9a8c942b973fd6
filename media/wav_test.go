package media

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func wav(t testing.TB, pcm []int16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteWAV(&b, pcm); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWAVReadsWhatOthersWrote(t *testing.T) {
	pcm := recorded(t, "front_center")
	if len(pcm) < SampleRate {
		t.Fatalf("only %d samples", len(pcm))
	}
	if top := slices.Max(pcm); top < 8000 || top > 16000 {
		t.Errorf("its peak is %d; sox says 0.41 of full scale", top)
	}
}

func TestWAVRoundTrip(t *testing.T) {
	want := []int16{0, 1, -1, 32767, -32768}
	got, err := ReadWAV(bytes.NewReader(wav(t, want)))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	// Chunks that are of no interest, of odd length, in between.
	b := wav(t, want)
	b = slices.Concat(b[:36], []byte("LIST\x03\x00\x00\x00abc\x00"), b[36:])
	if got, err := ReadWAV(bytes.NewReader(b)); err != nil || !slices.Equal(got, want) {
		t.Errorf("with a LIST chunk: %v, %v", got, err)
	}
}

func TestWAVRefusesOtherFormatsAndSaysWhich(t *testing.T) {
	good := wav(t, make([]int16, 4))
	with := func(at int, v ...byte) []byte {
		b := slices.Clone(good)
		copy(b[at:], v)
		return b
	}
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":       {nil, "too early"},
		"not RIFF":    {with(0, 'O', 'g', 'g', 'S'), `"OggS"`},
		"not WAVE":    {with(8, 'A', 'V', 'I', ' '), `"AVI "`},
		"stereo":      {with(22, 2), "2 channels"},
		"44.1 kHz":    {with(24, 0x44, 0xac, 0, 0), "44100 Hz"},
		"24 bit":      {with(34, 24), "24 bit"},
		"float":       {with(20, 3), "format 3"},
		"cut short":   {good[:len(good)-2], "cut short"},
		"no format":   {slices.Concat(good[:12], good[36:]), "before their format"},
		"no data":     {good[:36], "too early"},
		"cut in head": {good[:30], "too early"},
	} {
		_, err := ReadWAV(bytes.NewReader(c.file))
		if !errors.Is(err, ErrWAV) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want it to say %q", name, err, c.says)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add([]byte("RIFF"))
	f.Add(wav(f, []int16{1, 2, 3}))
	if b, err := os.ReadFile("testdata/front_center.wav"); err == nil {
		f.Add(b[:200])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		pcm, err := ReadWAV(bytes.NewReader(file))
		if err != nil {
			return
		}
		again, err := ReadWAV(bytes.NewReader(wav(t, pcm)))
		if err != nil || !slices.Equal(pcm, again) {
			t.Errorf("%d samples became %d: %v", len(pcm), len(again), err)
		}
	})
}
