package media

import (
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

// PlayoutStats counts since the start.
type PlayoutStats struct {
	Decoded   uint64 // packets that arrived and were decoded
	Recovered uint64 // lost packets, recovered from the redundancy in the next one
	Concealed uint64 // slots that were lost, and made up
	Broken    uint64 // packets that arrived but could not be decoded, and were made up
}

// Playout is what a card pulls: received speech with tones over it.
type Playout struct {
	main  *voice
	other *voice // sounds beside it; nil where none ever does
	clock playClock
	count playCount
	tones atomic.Pointer[Tones]
	level Level

	asked         atomic.Uint32 // Tone + 1; 0 is none
	sound         atomic.Pointer[[]int16]
	mute          atomic.Bool // no tones at all
	urgent        bool        // that of an emergency sounds
	tone, leaving []int16     // what is left of the tone, and of the one it cut short
}

// NewPlayout returns a playout that pulls from source. Without tones, nil, it
// plays none.
func NewPlayout(source Source, tones *Tones) (*Playout, error) {
	p := &Playout{}
	var err error
	p.main, err = newVoice(source, &p.count)
	p.SetTones(tones)
	return p, err
}

// Beside lets a second source sound together with the first, and makes of each what
// is a Slot.Lesser quieter by so many decibels, which are negative. Call it before the
// first Fill.
func (p *Playout) Beside(source Source, duck float64) (err error) {
	p.other, err = newVoice(source, &p.count)
	if err == nil {
		p.main.duck, p.other.duck = newDucker(duck), newDucker(duck)
	}
	return err
}

// Fill writes the next len(period) samples, whatever their number, and reports
// whether any of them is received speech or of a tone. The card's goroutine calls
// it; it neither blocks nor allocates.
func (p *Playout) Fill(period []int16) (sounds bool) {
	at := p.clock.ask(time.Now(), len(period))
	speech := false
	for done := 0; done < len(period); {
		said, n := p.main.take(len(period)-done, Pull{At: at, Samples: len(period), Ahead: done})
		if said == nil {
			clear(period[done : done+n])
		} else {
			copy(period[done:], said)
			speech = true
		}
		done += n
	}
	if p.other != nil {
		speech = p.mix(period, at) || speech
	}
	tone := p.mixTone(period)
	p.level.Measure(period)
	return speech || tone
}

// mix adds the other voice, and reports whether there is any.
func (p *Playout) mix(period []int16, at time.Time) (speech bool) {
	tooLoud := uint64(0)
	for done := 0; done < len(period); {
		said, n := p.other.take(len(period)-done, Pull{At: at, Samples: len(period), Ahead: done})
		for i, s := range said {
			sum := int32(period[done+i]) + int32(s)
			if sum >= math.MaxInt16 || sum <= -math.MaxInt16 {
				tooLoud++
			}
			period[done+i] = limit(sum)
		}
		speech = speech || said != nil
		done += n
	}
	if tooLoud > 0 {
		p.level.clipped.Add(tooLoud)
	}
	return speech
}

// PlayTone sounds a tone over the speech, at once, instead of a tone that is still
// sounding, but that of an emergency. Any goroutine may call it; it returns at once.
func (p *Playout) PlayTone(t Tone) {
	for was := p.asked.Load(); was != uint32(Emergency)+1; was = p.asked.Load() {
		if p.asked.CompareAndSwap(was, uint32(t)+1) {
			return
		}
	}
}

// Play is PlayTone for another sound, which is not changed any more. A port that plays
// no tones plays none of it.
func (p *Playout) Play(sound *[]int16) {
	if len(*sound) > 0 && !p.mute.Load() {
		p.sound.Store(sound)
	}
}

// SetTones changes the tones from the next one on; nil is none. Any goroutine may
// call it.
func (p *Playout) SetTones(tones *Tones) {
	p.mute.Store(tones == nil)
	if tones == nil {
		tones = new(Tones)
	}
	p.tones.Store(tones)
}

// cutShort is how many samples a tone that is cut short takes to fade: 5 ms.
const cutShort = 240

// mixTone adds what sounds of tones, and reports whether any does.
func (p *Playout) mixTone(period []int16) (sounds bool) {
	asked, tones, next := p.asked.Swap(0), p.tones.Load(), p.sound.Swap(nil)
	if p.urgent = p.urgent && len(p.tone) > 0; p.urgent {
		asked, next = 0, nil
	}
	if asked > 0 && asked <= toneCount && tones[asked-1] != nil {
		p.urgent = asked == uint32(Emergency)+1
		next = &tones[asked-1]
	}
	if next != nil {
		p.leaving = p.tone[:min(len(p.tone), cutShort)]
		p.tone = *next
	}
	sounds = len(p.tone) > 0
	tooLoud := uint64(0)
	for i, s := range period {
		sum := int32(s)
		if len(p.leaving) > 0 {
			sum += int32(p.leaving[0]) * int32(len(p.leaving)) / cutShort
			p.leaving = p.leaving[1:]
		}
		if len(p.tone) > 0 {
			sum += int32(p.tone[0])
			p.tone = p.tone[1:]
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
		Decoded:   p.count.decoded.Load(),
		Recovered: p.count.recovered.Load(),
		Concealed: p.count.concealed.Load(),
		Broken:    p.count.broken.Load(),
	}
}
