package port

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
)

// linkEvents is the port as its link sees it, for as long as ctx lasts.
type linkEvents struct {
	p   *Port
	ctx context.Context
}

func (l linkEvents) LinkUp() {
	l.p.log.Info("link is up")
	l.p.inbox.post(linkEvent(NoFault))
	l.p.path.setLink(true)
}

func (l linkEvents) LinkDown(reason error) {
	fault := faultOf(reason)
	if l.p.path.setLink(false) && l.ctx.Err() == nil {
		l.p.log.Warn("link is down", "fault", fault, "err", reason)
	}
	if l.ctx.Err() == nil {
		l.p.inbox.post(linkEvent(fault))
	}
}

func (l linkEvents) Receive(p media.Packet) {
	if p.Voice < len(l.p.heard) {
		l.p.heard[p.Voice].Push(p)
	}
}

func (l linkEvents) Emergency(on bool) { l.p.inbox.post(monitoredEvent(on)) }

// path is the way of speech out of the port. It is up while there is a channel and the
// link is, from the first sound of the microphone until its error.
type path struct {
	mu                sync.Mutex
	link, mic, chosen bool
	changed           func(up bool, why floor.Reason)
}

func (p *path) setLink(up bool) (changed bool) { return p.set(&p.link, up) }
func (p *path) setMic(up bool)                 { p.set(&p.mic, up) }
func (p *path) setChosen(yes bool)             { p.set(&p.chosen, yes) }

func (p *path) set(part *bool, up bool) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *part == up {
		return false
	}
	*part = up
	why := floor.NoReason
	switch {
	case !p.link || !p.chosen:
		why = floor.NoLink
	case !p.mic:
		why = floor.NoSound
	}
	p.changed(why == floor.NoReason, why)
	return true
}

// capture keeps the microphone's memory filled, at the level it should have.
func (p *Port) capture(ctx context.Context) error {
	period := make([]int16, hal.PeriodSamples)
	for {
		at, err := p.opt.Hardware.Mic.Read(period)
		if err != nil {
			return ended(ctx, "microphone", err)
		}
		p.captured(period, at)
		p.beats.turn(Capture)
	}
}

// captured takes in what the microphone heard up to at, and may change it.
func (p *Port) captured(period []int16, at time.Time) {
	p.card.Measure(period)
	if p.deEmphasis != nil {
		p.deEmphasis.Process(period)
	}
	if p.low != nil {
		p.detect(p.low.Take(period), at)
	}
	if next := p.relevel.Load(); next != nil && p.talker.spurt.Load() == nil {
		p.relevel.CompareAndSwap(next, nil)
		p.levels.Store(next)
	}
	levels := p.levels.Load()
	levels.Process(period)
	late := levels.Delay()
	if p.muting != nil {
		p.muting.Process(period, p.opt.Remote.Digit())
		late += detect.MutingDelay
	}
	p.mic.Write(period, at.Add(-samplesTime(late)))
}

// detect lets the detectors hear what the microphone heard up to at.
func (p *Port) detect(low []float64, at time.Time) {
	p.listen(low)
	p.hearLoop(low)
	if p.ear != nil {
		p.ear.hear(low, at)
	}
}

// micLook is how often the microphone is looked at, and micStall how long it may
// deliver nothing before it counts as gone.
const (
	micLook  = 20 * time.Millisecond
	micStall = 500 * time.Millisecond
)

// watchMic says whether the microphone delivers. One that hangs without an error
// must not hold the floor in silence.
func (p *Port) watchMic(ctx context.Context) {
	look := time.NewTicker(micLook)
	defer look.Stop()
	var head uint64
	moved := p.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if now := p.mic.Head(); now != head {
			head, moved = now, p.now()
			p.path.setMic(true)
		} else if p.now()-moved > micStall {
			p.path.setMic(false)
		}
	}
}

// play lets the loudspeaker pull, and the transmitter be keyed and the amplifier
// enabled, if there are any, around what it is given.
func (p *Port) play(ctx context.Context, g *errgroup.Group) {
	hw := p.opt.Hardware
	fill := func(period []int16) { p.fill(period) }
	if t := p.transmitter; t != nil {
		fill = t.fill
		g.Go(func() error { return ended(ctx, "transmitter", t.run(ctx)) })
	}
	given := func([]int16) {}
	if hw.Amplifier != nil {
		a := &amplifier{newHeldLine("amplifier", hw.Amplifier, p.now), hw.Speaker.Latency() + amplifierHold}
		given = a.given
		g.Go(func() error { return ended(ctx, "loudspeaker", a.run(ctx)) })
	}
	g.Go(func() error {
		return ended(ctx, "loudspeaker", hw.Speaker.Play(func(period []int16) {
			fill(period)
			given(period)
			p.beats.turn(Playout)
		}))
	})
}

// fill is what the channel says, with tones over it.
func (p *Port) fill(period []int16) (speech bool) {
	speech = p.playout.Fill(period)
	if p.loop != nil {
		p.loop.Told(period)
	}
	return speech
}

// keyFaultIs takes in what the transmitter's readback shows.
func (p *Port) keyFaultIs(f KeyFault) {
	if f == NoKeyFault {
		p.log.Info("the transmitter does as it is told")
	} else {
		p.log.Error("the transmitter does not do as it is told; "+KeyRemedy, "fault", f)
	}
	p.inbox.post(keyEvent(f))
}
