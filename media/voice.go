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

	frame   [FrameSamples]int16
	speech  [MaxStretched]int16
	pending []int16 // of speech: decoded, not yet taken by the card
	quiet   int     // samples of silence not yet taken by the card
}

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
	}
	switch slot.Kind {
	case Play:
		v.play(slot.Opus)
	case Conceal:
		v.mend(slot.Opus)
	case Comfort:
		v.conceal() // Opus has heard the noise, and makes it
	default:
		v.quiet = max(slot.Samples, 1)
		return
	}
	n := Stretch(v.speech[:], &v.frame, slot.Samples)
	v.pending = v.speech[:n]
	if slot.Kind == Play { // what is made up is as the frame before
		v.duck.turn(slot.Lesser, slot.First)
	}
	v.duck.apply(v.pending)
}

func (v *voice) play(opus []byte) {
	if v.dec.Decode(opus, v.frame[:]) == nil {
		v.count.decoded.Add(1)
		return
	}
	v.count.broken.Add(1)
	v.conceal()
}

func (v *voice) mend(next []byte) {
	if HasFEC(next) && v.dec.DecodeFEC(next, v.frame[:]) == nil {
		v.count.recovered.Add(1)
		return
	}
	v.count.concealed.Add(1)
	v.conceal()
}

func (v *voice) conceal() {
	if v.dec.Conceal(v.frame[:]) != nil {
		clear(v.frame[:])
	}
}
