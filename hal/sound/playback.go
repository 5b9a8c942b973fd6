package sound

import (
	"errors"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gen2brain/alsa"

	"github.com/talkgate/talkgate/hal"
)

// late is how many periods lie at most between two underruns of a board that runs
// late, and not just once: ten seconds.
const late = 1000

// playback is a card's loudspeaker side. It implements Playback.
type playback struct {
	*device
	*gain
	rate    *resampler
	latency atomic.Int64 // in frames of the card

	period []int16 // what fill writes
	queue  []int16 // converted to the card's rate, and not yet played
	calm   int     // periods since the last underrun
}

// OpenPlayback opens the loudspeaker side of a card. The error wraps hal.ErrGone
// when the card is not there.
func OpenPlayback(cfg Config, with Player) (Playback, error) {
	if with == Oto {
		return openOto(cfg)
	}
	card, err := cfg.find(sysfs, "p")
	if err != nil {
		return nil, err
	}
	s, err := openStream(cfg, card, alsa.PCM_OUT)
	if err != nil {
		return nil, err
	}
	return newPlayback(cfg, s), nil
}

func newPlayback(cfg Config, s stream) *playback {
	p := &playback{device: newDevice(cfg, s), gain: newGain(cfg.Gain), rate: toRate(s.Config().Rate), calm: late}
	p.period = make([]int16, p.frames()*hal.SampleRate/int(s.Config().Rate))
	p.queue = make([]int16, 0, p.frames()+p.rate.atMost(len(p.period)))
	p.latency.Store(int64(s.Config().StartThreshold))
	return p
}

// Play implements hal.Playback.
func (p *playback) Play(fill func(period []int16)) error {
	if err := p.acquire(); err != nil {
		return err
	}
	defer p.release()
	for {
		err := p.exchange(fill)
		if err == nil {
			p.failures = 0
			p.calm++
			continue
		}
		if err := p.recover(err); err != nil {
			return err
		}
		if errors.Is(err, syscall.EPIPE) {
			p.underran()
		}
	}
}

// exchange gives the card a period when it wants one. Fill is called as late as
// possible.
func (p *playback) exchange(fill func(period []int16)) error {
	if err := p.wait(); err != nil {
		return err
	}
	for len(p.queue) < p.frames() {
		fill(p.period)
		p.apply(p.period)
		p.queue = p.rate.convert(p.queue, p.period)
	}
	p.layout.encode(p.raw, p.queue[:p.frames()])
	if _, err := p.stream.Write(p.boxed); err != nil {
		return err
	}
	p.queue = append(p.queue[:0], p.queue[p.frames():]...)
	if delay, err := p.stream.Delay(); err == nil && delay > 0 {
		p.latency.Store(int64(delay))
	}
	return nil
}

// underran keeps one more period full after two underruns that follow each other
// closely.
func (p *playback) underran() {
	often := p.calm < late
	p.calm = 0
	cfg := p.stream.Config()
	full := cfg.StartThreshold / cfg.PeriodSize
	if !often || full >= min(maxFullPeriods, cfg.PeriodCount) {
		return
	}
	cfg = plays(cfg, full+1)
	// What fails here fails the next exchange, too.
	_ = p.stream.Stop()
	_ = p.stream.SetConfig(&cfg)
	_ = p.stream.Prepare()
}

// Latency implements hal.Playback: the delay of the card, with the last period.
func (p *playback) Latency() time.Duration {
	return time.Duration(p.latency.Load()) * time.Second / time.Duration(p.rate.out)
}
