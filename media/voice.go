package media

import (
	"fmt"
	"sync/atomic"
)

// voice is one stream that is played: what a Source hands out, decoded.
type voice struct {
	source Source
	dec    *Decoder
	count  *playCount
	duck   ducker

	heard   bool // packets of the stream are decoded: there is sound to go on with
	broken  int  // samples of packets since that could not be
	decoded [MaxOpusSamples]int16
	speech  [MaxStretched]int16
	pending []int16 // of speech: decoded, not yet taken by the card
	quiet   int     // samples of silence not yet taken by the card
}

// maxBroken is how much of what cannot be decoded is made up, in samples; then it is
// silent: 120 ms.
const maxBroken = MaxOpusSamples

// playCount is PlayoutStats as it is counted.
type playCount struct{ decoded, recovered, concealed, broken atomic.Uint64 }

func newVoice(source Source, count *playCount) (*voice, error) {
	dec, err := NewDecoder()
	if err != nil {
		return nil, fmt.Errorf("playout: %w", err)
	}
	return &voice{source: source, dec: dec, count: count}, nil
}

// take returns the next samples, at most most of them; nil stands for n samples of
// silence.
func (v *voice) take(most int, pull Pull) (speech []int16, n int) {
	for {
		switch {
		case len(v.pending) > 0:
			n = min(most, len(v.pending))
			speech, v.pending = v.pending[:n], v.pending[n:]
			return speech, n
		case v.quiet > 0:
			n = min(most, v.quiet)
			v.quiet -= n
			return nil, n
		}
		v.next(pull)
	}
}

// next fetches a slot and leaves it in pending or quiet.
func (v *voice) next(pull Pull) {
	slot := v.source.Pop(pull)
	if slot.First {
		v.dec.Reset()
		v.heard = false
	}
	n := 0
	switch slot.Kind {
	case Play:
		n = v.play(slot.Opus, 0)
		for _, opus := range slot.More {
			n += v.play(opus, n)
		}
	case Conceal:
		n = v.fill(slot)
	case Comfort:
		n = v.conceal(0, slot.Samples) // Opus has heard the noise, and makes it
	case Silence:
	}
	if !v.heard || n == 0 { // what cannot be decoded is silent: it must key no transmitter
		v.quiet = max(slot.Samples, 1)
		return
	}
	n = Stretch(v.speech[:], v.decoded[:n], slot.Samples)
	v.pending = v.speech[:n]
	if slot.Kind == Play { // what is made up is as the frame before
		v.duck.turn(slot.Lesser, slot.First)
	}
	v.duck.apply(v.pending)
}

// play decodes a packet to decoded, from from on, and returns its length.
func (v *voice) play(opus []byte, from int) int {
	n, err := v.dec.Decode(opus, v.decoded[from:])
	if err == nil {
		v.count.decoded.Add(1)
		v.heard, v.broken = true, 0
		return n
	}
	v.count.broken.Add(1)
	if n = OpusSamples(opus); n == 0 {
		n = FrameSamples
	}
	if v.broken += n; v.broken > maxBroken {
		v.heard = false
	}
	return v.conceal(from, n)
}

func (v *voice) fill(slot Slot) int {
	n := min(slot.Samples, len(v.decoded))
	if HasFEC(slot.Opus) && v.dec.DecodeFEC(slot.Opus, v.decoded[:n]) == nil {
		v.count.recovered.Add(1)
		return n
	}
	v.count.concealed.Add(1)
	return v.conceal(0, n)
}

// conceal makes up n samples of decoded, from from on.
func (v *voice) conceal(from, n int) int {
	pcm := v.decoded[from:min(from+n, len(v.decoded))]
	if v.dec.Conceal(pcm) != nil {
		clear(pcm)
	}
	return len(pcm)
}
