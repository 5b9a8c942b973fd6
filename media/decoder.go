package media

import (
	"errors"
	"fmt"
	"math"

	"github.com/thesyncim/gopus"
)

// ErrNotAFrame is returned for an Opus packet that is broken or does not last
// 20 ms.
var ErrNotAFrame = errors.New("not an Opus packet of 20 ms")

// Decoder makes sound of Opus packets of 20 ms each. Every method fills pcm,
// which has FrameSamples samples, and keeps the state that the next one builds
// on, so each frame of a stream is to be accounted for once, in order. One
// goroutine uses it.
type Decoder struct {
	opus *gopus.Decoder
	// gopus recovers lost frames to float only.
	recovered [FrameSamples]float32
}

// NewDecoder returns a decoder that has heard nothing.
func NewDecoder() (*Decoder, error) {
	// Its limit on a packet's length stays at the default: with a frame's, a short
	// packet would make it conceal no more than that packet's length.
	dec, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(SampleRate, 1))
	if err != nil {
		return nil, fmt.Errorf("opus decoder: %w", err)
	}
	return &Decoder{opus: dec}, nil
}

// Decode decodes a packet that arrived. The error wraps ErrNotAFrame; pcm is then
// of no use.
func (d *Decoder) Decode(opus []byte, pcm []int16) error {
	if len(opus) == 0 {
		return fmt.Errorf("%w: it is empty", ErrNotAFrame)
	}
	n, err := d.opus.DecodeInt16(opus, pcm[:FrameSamples])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAFrame, err)
	}
	if n != FrameSamples {
		return fmt.Errorf("%w: it has %d samples", ErrNotAFrame, n)
	}
	return nil
}

// Conceal invents a frame for a packet that is lost, from what came before it
// (packet loss concealment); one after the other they fade to silence.
func (d *Decoder) Conceal(pcm []int16) error {
	n, err := d.opus.DecodeInt16(nil, pcm[:FrameSamples])
	if err != nil {
		return fmt.Errorf("conceal: %w", err)
	}
	if n != FrameSamples {
		return fmt.Errorf("conceal: made %d samples, want %d", n, FrameSamples)
	}
	return nil
}

// DecodeFEC recovers the frame before next, a packet that arrived, from the
// redundancy in next, and conceals it when there is none. next itself is still
// to be decoded after it.
func (d *Decoder) DecodeFEC(next []byte, pcm []int16) error {
	n, err := d.opus.DecodeWithFEC(next, d.recovered[:], true)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAFrame, err)
	}
	if n != FrameSamples {
		return fmt.Errorf("%w: it recovers %d samples", ErrNotAFrame, n)
	}
	for i, s := range d.recovered {
		pcm[i] = int16(min(max(math.RoundToEven(float64(s)*32768), -32768), 32767))
	}
	return nil
}

// HasFEC tells whether packet carries redundancy for the frame before it.
func HasFEC(packet []byte) bool { return gopus.PacketHasLBRR(packet) }

// Reset forgets what was decoded, for another talker's stream.
func (d *Decoder) Reset() { d.opus.Reset() }
