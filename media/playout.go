package media

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// Source hands out what was received, in order: the jitter buffer.
type Source interface {
	// Pop is called whenever the card needs more, at the pace of the card. It
	// neither blocks nor allocates.
	Pop(Pull) Slot
}

// PlayoutStats counts frames since the start.
type PlayoutStats struct {
	Decoded   uint64 // arrived and decoded
	Recovered uint64 // lost, recovered from the redundancy in the next packet
	Concealed uint64 // lost, invented
	Broken    uint64 // arrived, but not a frame; invented instead
}

// Playout is what a card pulls: received speech with tones over it.
type Playout struct {
	source Source
	clock  playClock
	dec    *Decoder
	tones  atomic.Pointer[Tones]
	level  Level

	frame   [FrameSamples]int16
	speech  [MaxStretched]int16
	pending []int16 // of speech: decoded, not yet taken by the card
	quiet   int     // samples of silence not yet taken by the card

	asked          atomic.Uint32 // Tone + 1; 0 is none
	voice, leaving []int16       // what is left of the tone, and of the one it cut short

	decoded, recovered, concealed, broken atomic.Uint64
}

// NewPlayout returns a playout that pulls from source. Without tones, nil, it
// plays none.
func NewPlayout(source Source, tones *Tones) (*Playout, error) {
	dec, err := NewDecoder()
	if err != nil {
		return nil, fmt.Errorf("playout: %w", err)
	}
	p := &Playout{source: source, dec: dec}
	p.SetTones(tones)
	return p, nil
}

// Fill writes the next len(period) samples, whatever their number, and reports
// whether any of them is received speech or of a tone. The card's goroutine calls
// it; it neither blocks nor allocates.
func (p *Playout) Fill(period []int16) (sounds bool) {
	speech := false
	at := p.clock.ask(time.Now(), len(period))
	for out := period; len(out) > 0; {
		switch {
		case len(p.pending) > 0:
			n := copy(out, p.pending)
			p.pending, out = p.pending[n:], out[n:]
			speech = true
		case p.quiet > 0:
			n := min(p.quiet, len(out))
			clear(out[:n])
			p.quiet, out = p.quiet-n, out[n:]
		default:
			p.next(Pull{At: at, Samples: len(period), Ahead: len(period) - len(out)})
		}
	}
	tone := p.mixTone(period)
	p.level.Measure(period)
	return speech || tone
}

// next fetches a slot and leaves it in pending or quiet.
func (p *Playout) next(pull Pull) {
	slot := p.source.Pop(pull)
	if slot.First {
		p.dec.Reset()
	}
	switch slot.Kind {
	case Play:
		p.play(slot.Opus)
	case Conceal:
		p.mend(slot.Opus)
	default:
		p.quiet = max(slot.Samples, 1)
		return
	}
	n := Stretch(p.speech[:], &p.frame, slot.Samples)
	p.pending = p.speech[:n]
}

func (p *Playout) play(opus []byte) {
	if p.dec.Decode(opus, p.frame[:]) == nil {
		p.decoded.Add(1)
		return
	}
	p.broken.Add(1)
	p.conceal()
}

func (p *Playout) mend(next []byte) {
	if HasFEC(next) && p.dec.DecodeFEC(next, p.frame[:]) == nil {
		p.recovered.Add(1)
		return
	}
	p.concealed.Add(1)
	p.conceal()
}

func (p *Playout) conceal() {
	if p.dec.Conceal(p.frame[:]) != nil {
		clear(p.frame[:])
	}
}

// PlayTone sounds a tone over the speech, at once, instead of a tone that is still
// sounding. Any goroutine may call it; it returns at once.
func (p *Playout) PlayTone(t Tone) { p.asked.Store(uint32(t) + 1) }

// SetTones changes the tones from the next one on; nil is none. Any goroutine may
// call it.
func (p *Playout) SetTones(tones *Tones) {
	if tones == nil {
		tones = new(Tones)
	}
	p.tones.Store(tones)
}

// cutShort is how many samples a tone that is cut short takes to fade: 5 ms.
const cutShort = 240

// mixTone adds what sounds of tones, and reports whether any does.
func (p *Playout) mixTone(period []int16) (sounds bool) {
	if asked, tones := p.asked.Swap(0), p.tones.Load(); asked > 0 && asked <= toneCount && tones[asked-1] != nil {
		p.leaving = p.voice[:min(len(p.voice), cutShort)]
		p.voice = tones[asked-1]
	}
	sounds = len(p.voice) > 0
	tooLoud := uint64(0)
	for i, s := range period {
		sum := int32(s)
		if len(p.leaving) > 0 {
			sum += int32(p.leaving[0]) * int32(len(p.leaving)) / cutShort
			p.leaving = p.leaving[1:]
		}
		if len(p.voice) > 0 {
			sum += int32(p.voice[0])
			p.voice = p.voice[1:]
		}
		if sum >= math.MaxInt16 || sum <= -math.MaxInt16 {
			tooLoud++
		}
		period[i] = limit(sum)
	}
	if tooLoud > 0 {
		p.level.clipped.Add(tooLoud)
	}
	return sounds
}

// Level meters what the card was given. As clipped it counts what did not fit,
// though it was bent and not cut off.
func (p *Playout) Level() *Level { return &p.level }

// Stats may be called from any goroutine.
func (p *Playout) Stats() PlayoutStats {
	return PlayoutStats{
		Decoded:   p.decoded.Load(),
		Recovered: p.recovered.Load(),
		Concealed: p.concealed.Load(),
		Broken:    p.broken.Load(),
	}
}
