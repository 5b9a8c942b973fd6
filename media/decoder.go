package media

import (
	"errors"
	"fmt"
	"math"

	"github.com/thesyncim/gopus"
)

// ErrNotOpus is returned for bytes that are not an Opus packet.
var ErrNotOpus = errors.New("not an Opus packet")

// Decoder makes sound of the Opus packets of one stream: 2.5 to 120 ms, mono or
// stereo, in any mode, changing as they like. It keeps the state that the next
// packet builds on, so each stretch of time is accounted for once, in order. One
// goroutine uses it.
type Decoder struct {
	opus *gopus.Decoder
	// gopus recovers lost frames to float only.
	recovered [MaxOpusSamples]float32
}

// NewDecoder returns a decoder that has heard nothing.
func NewDecoder() (*Decoder, error) {
	dec, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(SampleRate, 1))
	if err != nil {
		return nil, fmt.Errorf("opus decoder: %w", err)
	}
	return &Decoder{opus: dec}, nil
}

// Decode decodes a packet that arrived and returns its length in samples. pcm has
// room for OpusSamples(opus) samples. The error wraps ErrNotOpus; pcm is then of no
// use.
func (d *Decoder) Decode(opus []byte, pcm []int16) (samples int, err error) {
	if len(opus) == 0 {
		return 0, fmt.Errorf("%w: it is empty", ErrNotOpus)
	}
	n, err := d.opus.DecodeInt16(opus, pcm)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotOpus, err)
	}
	return n, nil
}

// Conceal fills pcm, a multiple of MinOpusSamples, in place of packets that are
// lost, from what came before them (packet loss concealment). It fades to silence.
func (d *Decoder) Conceal(pcm []int16) error {
	for len(pcm) > 0 {
		// With a buffer of MaxOpusSamples gopus conceals one packet's length only.
		n, err := d.opus.DecodeInt16(nil, pcm[:min(len(pcm), FrameSamples)])
		if err != nil {
			return fmt.Errorf("conceal: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("conceal: made no samples, want %d", len(pcm))
		}
		pcm = pcm[n:]
	}
	return nil
}

// DecodeFEC fills pcm with the packet before next, a packet that arrived, from the
// redundancy in next; what next has none for is concealed. pcm is as long as next:
// OpusSamples(next). next itself is still to be decoded after it.
func (d *Decoder) DecodeFEC(next []byte, pcm []int16) error {
	wide := d.recovered[:min(len(pcm), len(d.recovered))]
	n, err := d.opus.DecodeWithFEC(next, wide, true)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotOpus, err)
	}
	if n != len(pcm) {
		return fmt.Errorf("%w: it recovers %d samples, want %d", ErrNotOpus, n, len(pcm))
	}
	for i, s := range wide {
		pcm[i] = int16(min(max(math.RoundToEven(float64(s)*32768), -32768), 32767))
	}
	return nil
}

// HasFEC tells whether packet carries redundancy for the packet before it.
func HasFEC(packet []byte) bool { return gopus.PacketHasLBRR(packet) }

// Reset forgets what was decoded, for another talker's stream.
func (d *Decoder) Reset() { d.opus.Reset() }
