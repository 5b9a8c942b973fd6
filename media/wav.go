package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrWAV is returned for a file that is no WAV file that ReadWAV knows.
var ErrWAV = errors.New("not a WAV file of PCM or float; convert it: sox IN -r 48000 -c 1 -b 16 OUT.wav")

const (
	// maxWAV is how many bytes of samples are read: 10 minutes of 48 kHz, stereo, 24 bit.
	maxWAV = 10 * 60 * 48000 * 2 * 3
	// leastRate and mostRate are the sample rates that are read, in Hz, and mostChannels
	// how many channels are mixed to one.
	leastRate, mostRate, mostChannels = 4000, 384000, 8
	// tags of formats
	wavPCM, wavFloat, wavExtensible = 1, 3, 0xfffe
)

// wavFormat is the body of the "fmt " chunk.
type wavFormat struct {
	Tag, Channels          uint16
	Rate, BytesPerSecond   uint32
	BlockAlign, SampleBits uint16
}

type wavChunk struct {
	ID   [4]byte
	Size uint32
}

// pcmFormat is the format that is written.
func pcmFormat() wavFormat { return wavFormat{wavPCM, 1, SampleRate, 2 * SampleRate, 2, 16} }

// ReadWAV returns the samples of a WAV file as 48 kHz, mono, 16 bit. It converts from PCM
// of 8 to 32 bit and float of 32 and 64 bit, any usual rate, and up to 8 channels, which
// it averages. Samples beyond 10 minutes of stereo are left out. The error wraps ErrWAV, or
// is that of r.
func ReadWAV(r io.Reader) ([]int16, error) {
	var riff struct {
		wavChunk
		Form [4]byte
	}
	if err := readWAV(r, &riff); err != nil {
		return nil, err
	}
	if string(riff.ID[:]) != "RIFF" || string(riff.Form[:]) != "WAVE" {
		return nil, fmt.Errorf("%w (found %q %q at its start)", ErrWAV, riff.ID, riff.Form)
	}
	var format *wavFormat
	for {
		var c wavChunk
		if err := readWAV(r, &c); err != nil {
			return nil, err
		}
		body := io.LimitReader(r, int64(c.Size)+int64(c.Size&1)) // chunks are padded to even
		switch string(c.ID[:]) {
		case "fmt ":
			f, err := readFormat(body)
			if err != nil {
				return nil, err
			}
			format = &f
		case "data":
			if format == nil {
				return nil, fmt.Errorf("%w (samples before their format)", ErrWAV)
			}
			return readData(r, c.Size, *format)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return nil, fmt.Errorf("read WAV: %w", err)
		}
	}
}

// readFormat reads a "fmt " chunk. In an extensible one the tag is the sub-format's.
func readFormat(body io.Reader) (f wavFormat, err error) {
	if err := readWAV(body, &f); err != nil {
		return f, err
	}
	if f.Tag == wavExtensible {
		var more struct {
			Size, ValidBits uint16
			Speakers        uint32
			SubFormat       [16]byte
		}
		if err := readWAV(body, &more); err != nil {
			return f, err
		}
		f.Tag = binary.LittleEndian.Uint16(more.SubFormat[:])
	}
	bits := f.SampleBits
	known := f.Tag == wavPCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32) || f.Tag == wavFloat && (bits == 32 || bits == 64)
	if !known || f.Channels < 1 || f.Channels > mostChannels || f.Rate < leastRate || f.Rate > mostRate || f.BlockAlign != f.Channels*(bits/8) {
		return f, fmt.Errorf("%w (found format %d, %d channels, %d Hz, %d bit)", ErrWAV, f.Tag, f.Channels, f.Rate, f.SampleBits)
	}
	return f, nil
}

// readData reads a "data" chunk. A size of 0, or one that no file has, is of a program
// that could not go back to write it: the samples end with the file.
func readData(r io.Reader, size uint32, f wavFormat) ([]int16, error) {
	toEnd := size == 0 || size >= math.MaxUint32-0xff
	if toEnd {
		size = math.MaxUint32
	}
	b, err := io.ReadAll(io.LimitReader(r, min(int64(size), maxWAV)))
	if err != nil {
		return nil, fmt.Errorf("read WAV: %w", err)
	}
	block := int(f.BlockAlign)
	if !toEnd && (int64(len(b)) < min(int64(size), maxWAV) || int(size)%block != 0) {
		return nil, fmt.Errorf("%w (%d of %d bytes of samples: cut short)", ErrWAV, len(b), size)
	}
	mono := make([]float64, len(b)/block)
	for i := range mono {
		for at := i * block; at < (i+1)*block; at += int(f.SampleBits) / 8 {
			mono[i] += f.sample(b[at:]) / float64(f.Channels)
		}
	}
	mono = resampled(mono, int(f.Rate))
	pcm := make([]int16, len(mono))
	for i, v := range mono {
		if !math.IsNaN(v) {
			pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(v*(1<<15)))))
		}
	}
	return pcm, nil
}

// sample is the one at the start of b, where 1 is full scale.
func (f wavFormat) sample(b []byte) float64 {
	le := binary.LittleEndian
	switch {
	case f.Tag == wavFloat && f.SampleBits == 32:
		return float64(math.Float32frombits(le.Uint32(b)))
	case f.Tag == wavFloat:
		return math.Float64frombits(le.Uint64(b))
	case f.SampleBits == 8: // the only one without a sign
		return float64(int(b[0])-128) / (1 << 7)
	case f.SampleBits == 16:
		return float64(int16(le.Uint16(b))) / (1 << 15)
	case f.SampleBits == 24:
		return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
	default:
		return float64(int32(le.Uint32(b))) / (1 << 31)
	}
}

func readWAV(r io.Reader, v any) error {
	err := binary.Read(r, binary.LittleEndian, v)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (it ends too early)", ErrWAV)
	}
	if err != nil {
		return fmt.Errorf("read WAV: %w", err)
	}
	return nil
}

// WriteWAV writes pcm as a WAV file.
func WriteWAV(w io.Writer, pcm []int16) error {
	size := uint32(2 * len(pcm))
	err := binary.Write(w, binary.LittleEndian, struct {
		Riff   wavChunk
		Wave   [4]byte
		Fmt    wavChunk
		Format wavFormat
		Data   wavChunk
	}{
		wavChunk{[4]byte{'R', 'I', 'F', 'F'}, 36 + size}, [4]byte{'W', 'A', 'V', 'E'},
		wavChunk{[4]byte{'f', 'm', 't', ' '}, 16}, pcmFormat(),
		wavChunk{[4]byte{'d', 'a', 't', 'a'}, size},
	})
	if err == nil {
		err = binary.Write(w, binary.LittleEndian, pcm)
	}
	if err != nil {
		return fmt.Errorf("write WAV: %w", err)
	}
	return nil
}
