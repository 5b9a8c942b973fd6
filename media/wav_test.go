package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
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
		"empty":        {nil, "too early"},
		"not RIFF":     {with(0, 'O', 'g', 'g', 'S'), `"OggS"`},
		"not WAVE":     {with(8, 'A', 'V', 'I', ' '), `"AVI "`},
		"9 channels":   {with(22, 9), "9 channels"},
		"no channels":  {with(22, 0), "0 channels"},
		"1 Hz":         {with(24, 1, 0, 0, 0), "1 Hz"},
		"12 bit":       {with(34, 12), "12 bit"},
		"mu-law":       {with(20, 7), "format 7"},
		"wrong blocks": {with(32, 3), "16 bit"},
		"cut short":    {good[:len(good)-2], "cut short"},
		"no format":    {slices.Concat(good[:12], good[36:]), "before their format"},
		"no data":      {good[:36], "too early"},
		"cut in head":  {good[:30], "too early"},
	} {
		_, err := ReadWAV(bytes.NewReader(c.file))
		if !errors.Is(err, ErrWAV) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want it to say %q", name, err, c.says)
		}
	}
}

// wavOf is a WAV file of another format: a tone of 1 kHz at -6 dBFS, in each channel.
func wavOf(t *testing.T, f wavFormat, extensible bool, seconds float64, size func(data int) uint32) []byte {
	t.Helper()
	f.BlockAlign = f.Channels * f.SampleBits / 8
	f.BytesPerSecond = f.Rate * uint32(f.BlockAlign)
	var data bytes.Buffer
	for i := range int(seconds * float64(f.Rate)) {
		v := 0.5 * math.Sin(2*math.Pi*1000*float64(i)/float64(f.Rate))
		for range f.Channels {
			var err error
			switch {
			case f.Tag == wavFloat && f.SampleBits == 32:
				err = binary.Write(&data, binary.LittleEndian, float32(v))
			case f.Tag == wavFloat:
				err = binary.Write(&data, binary.LittleEndian, v)
			case f.SampleBits == 8:
				err = data.WriteByte(byte(128 + math.Round(127*v)))
			default:
				var b [4]byte
				binary.LittleEndian.PutUint32(b[:], uint32(int32(math.Round(v*(1<<31-1)))))
				_, err = data.Write(b[4-f.SampleBits/8:])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var head bytes.Buffer
	format := f
	if extensible {
		format.Tag = wavExtensible
	}
	if err := binary.Write(&head, binary.LittleEndian, format); err != nil {
		t.Fatal(err)
	}
	if extensible {
		head.Write([]byte{22, 0, byte(f.SampleBits), 0, 4, 0, 0, 0, byte(f.Tag), 0})
		head.WriteString("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")
	}
	chunk := func(id string, body []byte, size uint32) []byte {
		return slices.Concat([]byte(id), binary.LittleEndian.AppendUint32(nil, size), body)
	}
	return slices.Concat([]byte("RIFF\xff\xff\xff\xffWAVE"), chunk("fmt ", head.Bytes(), uint32(head.Len())),
		chunk("LIST", []byte("INFO"), 4), chunk("data", data.Bytes(), size(data.Len())))
}

// TestWAVConverts reads what radios' recorders, browsers and ffmpeg write.
func TestWAVConverts(t *testing.T) {
	right := func(data int) uint32 { return uint32(data) }
	for name, c := range map[string]struct {
		format     wavFormat
		extensible bool
		size       func(int) uint32
	}{
		"8 bit":              {wavFormat{Tag: wavPCM, Channels: 1, Rate: 48000, SampleBits: 8}, false, right},
		"extensible":         {wavFormat{Tag: wavPCM, Channels: 1, Rate: 48000, SampleBits: 16}, true, right},
		"24 bit":             {wavFormat{Tag: wavPCM, Channels: 1, Rate: 48000, SampleBits: 24}, false, right},
		"extensible, 24 bit": {wavFormat{Tag: wavPCM, Channels: 2, Rate: 96000, SampleBits: 24}, true, right},
		"32 bit":             {wavFormat{Tag: wavPCM, Channels: 1, Rate: 48000, SampleBits: 32}, false, right},
		"float":              {wavFormat{Tag: wavFloat, Channels: 1, Rate: 48000, SampleBits: 32}, false, right},
		"extensible, float":  {wavFormat{Tag: wavFloat, Channels: 1, Rate: 48000, SampleBits: 32}, true, right},
		"float of 64 bit":    {wavFormat{Tag: wavFloat, Channels: 1, Rate: 48000, SampleBits: 64}, false, right},
		"44.1 kHz":           {wavFormat{Tag: wavPCM, Channels: 1, Rate: 44100, SampleBits: 16}, false, right},
		"8 kHz":              {wavFormat{Tag: wavPCM, Channels: 1, Rate: 8000, SampleBits: 16}, false, right},
		"192 kHz":            {wavFormat{Tag: wavPCM, Channels: 1, Rate: 192000, SampleBits: 16}, false, right},
		"stereo":             {wavFormat{Tag: wavPCM, Channels: 2, Rate: 48000, SampleBits: 16}, false, right},
		"data size 0":        {wavFormat{Tag: wavPCM, Channels: 1, Rate: 48000, SampleBits: 16}, false, func(int) uint32 { return 0 }},
		"data size unknown":  {wavFormat{Tag: wavPCM, Channels: 1, Rate: 48000, SampleBits: 16}, false, func(int) uint32 { return math.MaxUint32 }},
	} {
		pcm, err := ReadWAV(bytes.NewReader(wavOf(t, c.format, c.extensible, 0.5, c.size)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// All but the ends is the tone.
		var off, tone float64
		for i := SampleRate / 10; i < len(pcm)-SampleRate/10; i++ {
			want := 0.5 * math.Sin(2*math.Pi*1000*float64(i)/SampleRate)
			off += math.Pow(float64(pcm[i])/(1<<15)-want, 2)
			tone += want * want
		}
		distance := 10 * math.Log10(tone/off)
		least := 60.0
		if c.format.SampleBits == 8 {
			least = 35
		}
		if len(pcm) != SampleRate/2 || distance < least {
			t.Errorf("%s: %d samples, the tone is %.0f dB above what else there is, want %d and %.0f", name, len(pcm), distance, SampleRate/2, least)
		}
	}
}

// TestWAVResamplesWithoutAliases: what 48 kHz cannot carry is gone.
func TestWAVResamplesWithoutAliases(t *testing.T) {
	in := make([]float64, 96000)
	for i := range in {
		in[i] = math.Sin(2 * math.Pi * 30000 * float64(i) / 96000)
	}
	var loudest float64
	for _, v := range resampled(in, 96000)[1000:40000] {
		loudest = max(loudest, math.Abs(v))
	}
	if loudest > 0.001 {
		t.Errorf("30 kHz leaves %.4f of full scale", loudest)
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
