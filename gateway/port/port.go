package port

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/media/level"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// Port is one radio on one channel.
type Port struct {
	opt   Options
	log   *slog.Logger
	clock *leaseClock

	mic     *media.Mic
	levels  atomic.Pointer[level.Chain]
	card    media.Level      // what the microphone's card delivers
	ear     *heardLine       // nil where there is none
	heard   []*jitter.Buffer // by voice
	playout *media.Playout
	talker  *talker
	keeper  *keeper
	path    path
	tuner   tuner
	first   *Channel    // at the start; nil for none
	hushed  atomic.Bool // link tones, since the selector was moved
	turning sync.Mutex
	turn    uint64 // how often the selector was moved
	beats   beats
	timing  atomic.Pointer[pressTiming] // of the next press
	relevel atomic.Pointer[level.Chain] // in place of levels, once nobody talks; nil is none

	refusals refusals
	// taken is whether the radio hears somebody, as its squelch tells; until that
	// is known it does.
	taken       atomic.Bool
	keyed       keyedLine
	refused     atomic.Bool     // what is pressed will not talk
	calling     atomic.Bool     // the port has an emergency of its own
	transmitter *transmitter    // nil where there is none
	deEmphasis  *media.Emphasis // of the microphone; nil where there is none

	squelching   atomic.Pointer[SquelchTiming] // from when the squelch is closed
	squelchState squelchState
	shown        atomic.Pointer[Status] // the actor's latest
	volume       volume

	inbox  inbox
	locked atomic.Bool // by DTMF: no press counts

	low      *detect.Decimator // nil where nothing listens
	loop     *detect.Loop      // nil where nothing can come back
	muting   *detect.Muting    // of digits; nil where nothing obeys them
	cameBack chan time.Duration
}

// New makes a port of opt and starts nothing. The error names what is missing
// or out of range.
func New(opt Options) (*Port, error) {
	if err := opt.validate(); err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	enc, err := media.NewEncoder(opt.Encoder)
	if err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	p := &Port{
		opt:      opt,
		log:      opt.logger(),
		clock:    newLeaseClock(opt.Suspended),
		mic:      media.NewMic(max(opt.Talk.RequestTimeout, longestRequest) + reachOf(opt) + time.Second),
		heard:    []*jitter.Buffer{jitter.New(jitter.Config{})},
		inbox:    newInbox(),
		cameBack: make(chan time.Duration, 1),
	}
	levels, err := level.New(opt.Levels)
	if err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	p.levels.Store(levels)
	p.shown.Store(&Status{})
	p.timing.Store(&pressTiming{opt.Talk, samplesTime(len(opt.Roger))})
	if opt.Squelch.Loop > 0 && (opt.Hardware.COR != nil || opt.Ear != nil && opt.Hardware.PTTOut != nil) {
		p.loop = detect.NewLoop()
	}
	if p.loop != nil || opt.Ear != nil || opt.Remote != nil {
		p.low = detect.NewDecimator()
	}
	p.squelching.Store(&opt.Squelch)
	p.keyed.moved = make(chan struct{}, 1)
	p.volume.gain, p.volume.least = opt.SpeakerGain, opt.Emergency.Gain
	p.volume.card, _ = opt.Hardware.Speaker.(hal.Gainer)
	p.taken.Store(opt.Hardware.COR != nil || opt.Ear != nil)
	if p.playout, err = media.NewPlayout(p.heard[0], p.audible(opt.Tones, opt.TonesOnAir)); err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	if opt.Duck != 0 {
		second := jitter.New(jitter.Config{})
		p.heard = append(p.heard, second)
		if err = p.playout.Beside(second, opt.Duck); err != nil {
			return nil, fmt.Errorf("port: %w", err)
		}
	}
	if opt.DeEmphasis {
		p.deEmphasis = media.NewDeEmphasis()
	}
	if opt.Ear != nil {
		p.ear = newHeardLine(opt.Ear, p.playout.Level().Peak)
		p.opt.Hardware.COR = p.ear
	}
	if out := opt.Hardware.PTTOut; out != nil {
		p.transmitter = newTransmitter(out, p.keyTiming(opt.Key), p.fill, p.now, p.taken.Load)
		p.transmitter.ident = media.NewIdentifier(opt.Ident)
		p.transmitter.subtone = opt.Subtone
		if opt.PreEmphasis {
			p.transmitter.preEmphasis = media.NewPreEmphasis()
		}
		p.transmitter.moved = p.transmitterMoved
		p.transmitter.echo, p.transmitter.tell = opt.Hardware.PTTEcho, p.keyFaultIs
	}
	p.talker = newTalker(p.mic, enc, &p.tuner.frames, p.now, func(gen uint32) {
		p.post(floor.Event{Kind: floor.Drained, At: p.now(), Gen: gen})
	})
	p.talker.roger = opt.Roger
	if p.opt.Hardware.COR != nil { // or what stands in for it
		p.talker.lag = uint64(opt.Squelch.lag() * media.SampleRate / time.Second)
	}
	if opt.Remote != nil {
		p.muting, p.talker.behind = new(detect.Muting), detect.MutingDelay
		p.talker.lag -= min(p.talker.lag, detect.MutingDelay)
	}
	p.talker.turned = func() { p.beats.turn(Talker) }
	p.tuner.gate = &p.talker.gate
	p.first = &Channel{ID: opt.Channel, Link: opt.Link}
	if opt.Selector != nil {
		p.first = p.channelAt(opt.Selector.Start())
	}
	p.tuner.set(p.first)
	p.path.chosen = p.first != nil
	p.keeper = newKeeper(opt.Lock, opt.Talk.Lease, p.now, p.post, p.log)
	p.keeper.turned = func() { p.beats.turn(Keeper) }
	p.path.changed = func(up bool, why floor.Reason) {
		kind, tone := floor.LinkDown, media.LinkDown
		if up {
			kind, tone = floor.LinkUp, media.LinkUp
		}
		if !p.hushed.Load() {
			p.playout.PlayTone(tone) // what the floor has to say of it comes after
		} else if up {
			p.hushed.Store(false)
		}
		p.post(floor.Event{Kind: kind, At: p.now(), Why: why})
	}
	return p, nil
}

// transmitterMoved takes in that PTT-out was driven.
func (p *Port) transmitterMoved(active bool) {
	p.keyed.set(active)
	p.log.Debug("edge", "line", "PTT-out", "active", active)
}

// audible are the tones that the loudspeaker may play: none where they would go on
// air.
func (p *Port) audible(tones *media.Tones, onAir bool) *media.Tones {
	if p.opt.Hardware.PTTOut != nil && !onAir {
		return nil
	}
	return tones
}

// Run is the port's life. It ends with nil when ctx does, or with an error that
// wraps hal.ErrGone when a line or the sound card vanished. Either way the
// microphone is shut, the floor handed back, the lamps dark, the
// transmitter let go and the hardware closed.
func (p *Port) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.act(ctx) })
	g.Go(func() error { p.keeper.run(ctx, p.inbox.over); return nil })
	g.Go(func() error { p.talker.run(ctx); return nil })
	choices := make(chan choice, 1)
	g.Go(func() error { return p.stay(ctx, choices) })
	g.Go(func() error { return p.followSelector(ctx, choices) })
	g.Go(func() error { return p.followTalkLines(ctx) })
	g.Go(func() error { return p.capture(ctx) })
	g.Go(func() error { p.watchMic(ctx); return nil })
	g.Go(func() error { p.watchUnplayed(ctx); return nil })
	p.play(ctx, g)
	g.Go(func() error {
		return p.opt.Rights.WatchRights(ctx, p.opt.UserID, p.rightsRead)
	})
	if out := p.opt.Hardware.Heartbeat; out != nil {
		g.Go(func() error { return ended(ctx, "heartbeat line", p.beat(ctx, out)) })
	}
	// What blocks in a device is woken by closing it.
	g.Go(func() error { <-ctx.Done(); <-p.inbox.over; return p.opt.Hardware.Close() })
	return g.Wait()
}

// Pulse counts the turns of the port's loops; any goroutine may ask.
func (p *Port) Pulse() Pulse { return p.beats.read() }

// TalkStats counts what was sent; any goroutine may ask.
func (p *Port) TalkStats() TalkStats { return p.talker.stats() }

// HeardStats counts what was received, of all voices; delays are of the first. Any
// goroutine may ask.
func (p *Port) HeardStats() jitter.Stats {
	all := p.heard[0].Stats()
	for _, more := range p.heard[1:] {
		all = all.Plus(more.Stats())
	}
	return all
}

// MicLevel meters what the microphone's card delivers, before anything is done
// to it.
func (p *Port) MicLevel() *media.Level { return &p.card }

// Identified counts the transmitter's identifications; any goroutine may ask.
func (p *Port) Identified() uint64 {
	if p.transmitter == nil {
		return 0
	}
	return p.transmitter.ident.Sent()
}

// EarOpen is whether Options.Ear is open; any goroutine may ask.
func (p *Port) EarOpen() bool { return p.ear != nil && p.ear.active.Load() }

// LevelStats is what is done to the microphone's level; any goroutine may ask.
func (p *Port) LevelStats() level.Stats { return p.levels.Load().Stats() }

// Refusals counts the presses that did not talk, or not to their end, by why; any
// goroutine may ask.
func (p *Port) Refusals() map[floor.Reason]uint64 { return p.refusals.read() }

// KeyStats is what became of the transmitter; any goroutine may ask.
func (p *Port) KeyStats() media.KeyStats {
	if p.transmitter == nil {
		return media.KeyStats{}
	}
	return p.transmitter.keying.Stats()
}

// SpeakerLevel meters what the loudspeaker is given.
func (p *Port) SpeakerLevel() *media.Level { return p.playout.Level() }

// now is the port's monotonic clock.
func (p *Port) now() time.Duration { return p.clock.now() }

// rightsRead takes in the user's rights as they were read or published. The actor
// is told of them; nothing more is sent even before it has heard. Rights that
// cannot be read neither bar nor give back.
func (p *Port) rightsRead(r redis.Rights) {
	p.tuner.may(r)
	p.inbox.post(rightsEvent(r))
}

// post hands an event to the actor.
func (p *Port) post(ev floor.Event) { p.inbox.post(floorEvent(ev)) }

// ended is what a device's error means to Run: nothing once the port itself
// has closed it.
func ended(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil || errors.Is(err, hal.ErrClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
