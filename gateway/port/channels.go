package port

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// Channel is one that a port can be on.
type Channel struct {
	ID   string
	Link Link
	// Said tells the port's user that it was chosen; nil says nothing.
	Said []int16
}

// Selector is what a port's user chooses its channel with. Positions count from 0;
// a negative one is no channel.
type Selector interface {
	// Start is where it was when it was opened.
	Start() int
	// Follow calls left at once when it is moved, and rests when it has stayed at a
	// position, perhaps the one it left; and moves once a second or more, while all its
	// lines are followed. It ends with ctx, or with an error that wraps hal.ErrGone.
	Follow(ctx context.Context, left func(), rests func(position int), moves func()) error
}

// left is a selector that was moved: from now on nothing is sent.
func (p *Port) left() {
	p.turning.Lock()
	defer p.turning.Unlock()
	p.tuner.set(nil)
	p.turn++
	p.hushed.Store(true) // no tones of the link: the selector has its own
	p.path.setChosen(false)
}

// choice is where the selector rested, and how often it had been moved by then.
type choice struct {
	channel *Channel // nil for none
	turn    uint64
}

// channelAt is the channel at a position of the selector; nil for none.
func (p *Port) channelAt(position int) *Channel {
	if position < 0 || position >= len(p.opt.Channels) {
		return nil
	}
	return &p.opt.Channels[position]
}

// followSelector tells of each channel that is selected; of those that nobody has
// taken yet the newest counts.
func (p *Port) followSelector(ctx context.Context, choices chan choice) error {
	moves := func() { p.beats.turn(Knob) }
	if p.opt.Selector == nil {
		pulse := time.NewTicker(pulsePeriod)
		defer pulse.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-pulse.C:
				moves()
			}
		}
	}
	return ended(ctx, "channel selector", p.opt.Selector.Follow(ctx, p.left, func(position int) {
		c := p.channelAt(position)
		if c == nil {
			p.playout.PlayTone(media.Deny)
		} else {
			p.playout.Play(&c.Said)
		}
		select {
		case <-choices:
		default:
		}
		choices <- choice{c, p.turn}
	}, moves))
}

// stay runs the link of one channel after the other and watches its floor, until ctx
// ends or one of the two does with an error.
func (p *Port) stay(ctx context.Context, choices <-chan choice) error {
	for c := p.first; ; {
		on, leave := context.WithCancel(ctx)
		g, on := errgroup.WithContext(on)
		if c != nil {
			g.Go(func() error { return c.Link.Run(on, linkEvents{p, on}) })
			g.Go(func() error {
				return p.opt.Floor.WatchChannel(on, c.ID, func(v redis.FloorView) { p.inbox.post(viewEvent(v)) })
			})
		}
		next, other := p.wait(on, c, choices)
		leave()
		if err := g.Wait(); err != nil || !other {
			return err
		}
		p.path.setLink(false)
		c = next.channel
		p.arrive(next)
	}
}

// wait waits for another channel than c to be chosen; false is the end of ctx. To
// choose the same again is to go on with it.
func (p *Port) wait(ctx context.Context, c *Channel, choices <-chan choice) (next choice, other bool) {
	for {
		select {
		case <-ctx.Done():
			return choice{}, false
		case next = <-choices:
		}
		if next.channel != c {
			return next, true
		}
		p.arrive(next)
	}
}

// arrive puts the port on the channel that was chosen, once the actor has left the
// floor of the one before, and unless the selector has been moved since.
func (p *Port) arrive(to choice) {
	left := make(chan struct{})
	p.inbox.post(channelEvent{to.channel, left})
	select {
	case <-left:
	case <-p.inbox.over:
		return
	}
	p.turning.Lock()
	defer p.turning.Unlock()
	if to.channel != nil && to.turn == p.turn {
		p.tuner.set(to.channel)
		p.path.setChosen(true)
	}
}

// onChannel puts the actor on another channel. Whatever was asked for or said on the one
// before has an end.
func (a *actor) onChannel(c *Channel) {
	a.step(floor.Event{Kind: floor.LinkDown, At: a.now(), Why: floor.NoLink})
	if c == nil {
		a.channel, a.fault = "", NoChannel
		a.log.Warn("no channel is selected")
		a.onFloor(redis.FloorView{Known: a.view.Known})
		return
	}
	if a.channel != c.ID {
		a.channel, a.fault = c.ID, LinkStarting
		a.onFloor(redis.FloorView{Known: a.view.Known})
	}
	a.log.Info("channel is selected", "channel", c.ID)
	a.onRights(a.tuner.known())
	a.show()
}
