//go:build linux && cgo

package audio

import (
	"sync/atomic"
	"time"

	"github.com/gen2brain/malgo"

	"github.com/talkgate/talkgate/hal"
)

// playback is a card's loudspeaker side. It implements Playback.
type playback struct {
	*device
	*gain
	fill atomic.Pointer[func([]int16)]
	last time.Time // when the buffer was last filled; of the card's thread
}

// OpenPlayback opens the loudspeaker side of a card. The error wraps hal.ErrGone
// when the card is not there.
func OpenPlayback(cfg Config, with Player) (Playback, error) {
	if with == Oto {
		return openOto(cfg)
	}
	p := &playback{gain: newGain(cfg.Gain)}
	var err error
	if p.device, err = openDevice(cfg, malgo.Playback, p.give); err != nil {
		return nil, err
	}
	return p, nil
}

// give is called by the card's thread.
func (p *playback) give(out, _ []byte, frames uint32) {
	p.calls.Add(1)
	now := time.Now()
	if ranEmpty(p.last, now, p.Latency()) {
		p.xruns.Add(1)
	}
	p.last = now
	pcm := samples(out, frames)
	(*p.fill.Load())(pcm)
	p.gain.apply(pcm)
}

// Play implements hal.Playback.
func (p *playback) Play(fill func(period []int16)) error {
	p.fill.Store(&fill)
	if err := p.start(); err != nil {
		return err
	}
	<-p.done
	return p.ended()
}

// Latency implements hal.Playback: the buffer is kept full.
func (p *playback) Latency() time.Duration { return duration(periods * hal.PeriodSamples) }
