package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrWAV is returned for a file that is not 48 kHz, mono, 16 bit PCM in RIFF/WAVE.
var ErrWAV = errors.New("not a WAV file of 48 kHz, mono, 16 bit PCM; convert it: sox IN -r 48000 -c 1 -b 16 OUT.wav")

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

// pcmFormat is the one format that is read and written.
func pcmFormat() wavFormat { return wavFormat{1, 1, SampleRate, 2 * SampleRate, 2, 16} }

// ReadWAV returns the samples of a WAV file. The error wraps ErrWAV, or is that of
// r.
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
	formatSeen := false
	for {
		var c wavChunk
		if err := readWAV(r, &c); err != nil {
			return nil, err
		}
		body := io.LimitReader(r, int64(c.Size)+int64(c.Size&1)) // chunks are padded to even
		switch string(c.ID[:]) {
		case "fmt ":
			var f wavFormat
			if err := readWAV(body, &f); err != nil {
				return nil, err
			}
			if f != pcmFormat() {
				return nil, fmt.Errorf("%w (found format %d, %d channels, %d Hz, %d bit)", ErrWAV, f.Tag, f.Channels, f.Rate, f.SampleBits)
			}
			formatSeen = true
		case "data":
			if !formatSeen {
				return nil, fmt.Errorf("%w (samples before their format)", ErrWAV)
			}
			b, err := io.ReadAll(io.LimitReader(r, int64(c.Size)))
			if err != nil {
				return nil, fmt.Errorf("read WAV: %w", err)
			}
			if len(b) < int(c.Size) || len(b)%2 != 0 {
				return nil, fmt.Errorf("%w (%d of %d bytes of samples: cut short)", ErrWAV, len(b), c.Size)
			}
			pcm := make([]int16, len(b)/2)
			for i := range pcm {
				pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
			}
			return pcm, nil
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return nil, fmt.Errorf("read WAV: %w", err)
		}
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
