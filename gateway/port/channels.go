package port

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/gateway/port/mixer"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/port/receive"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// Channel is one that a port can be on.
type Channel struct {
	ID   string
	Link Link
	// Monitored are channels that Link hears besides, the more important first: their
	// packets have media.Packet.Channel 1 and on.
	Monitored []string
	// Said tells the port's user that the channel was chosen; nil says nothing.
	Said []int16
}

// Selector is what a port's user chooses its channel with. Positions count from 0; a
// negative one is no channel.
type Selector interface {
	// Start is where it was when it was opened.
	Start() int
	// Follow calls left at once when it is moved, and rests when it has stayed at a
	// position, perhaps the one it left; and moves once a second or more, while all its
	// lines are followed. It ends with ctx, or with an error that wraps hal.ErrGone.
	Follow(ctx context.Context, left func(), rests func(position int), moves func()) error
}

// channelSwitch puts a port on the channel that its selector chooses, and runs that
// channel's link.
type channelSwitch struct {
	channels []Channel
	selector Selector // nil where there is none
	first    *Channel // at the start; nil for none
	floors   FloorWatcher
	mixers   map[string]*mixer.Mixer // of the channels that monitor others
	route    *route
	path     *path
	receiver *receive.Receiver
	tap      Tap                   // nil where nobody looks
	ready    func(context.Context) // waits until a link may connect; nil waits for nothing
	inbox    *inbox
	turned   func() // called with each turn of the selector's goroutine
	log      *slog.Logger

	choices chan choice // the newest that was not applied

	mu   sync.Mutex
	turn uint64 // how often the selector was moved
}

// choice is where the selector rested, and how often it had been moved by then.
type choice struct {
	channel *Channel // nil for none
	turn    uint64
}

// channelAt is the channel at a position of the selector; nil for none.
func channelAt(channels []Channel, position int) *Channel {
	if position < 0 || position >= len(channels) {
		return nil
	}
	return &channels[position]
}

// leave handles that the selector was moved: from now on nothing is sent.
func (s *channelSwitch) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.route.set(nil)
	s.turn++
	s.path.leave()
}

// followSelector follows the selector until ctx ends.
func (s *channelSwitch) followSelector(ctx context.Context) error {
	if s.selector != nil {
		return ended(ctx, "channel selector", s.selector.Follow(ctx, s.leave, s.onRest, s.turned))
	}
	tick := time.NewTicker(pulse.Period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.turned()
		}
	}
}

// onRest handles that the selector rests at a position. It says so at once, however long
// the link of the channel before takes to close.
func (s *channelSwitch) onRest(position int) {
	c := channelAt(s.channels, position)
	if c == nil {
		s.receiver.Playout().PlayTone(media.Deny)
	} else {
		s.receiver.Playout().Play(&c.Said)
	}
	select {
	case <-s.choices: // overtaken
	default:
	}
	s.mu.Lock()
	turn := s.turn
	s.mu.Unlock()
	s.choices <- choice{c, turn}
}

// run runs the link of one channel after the other and watches its floor, until ctx ends
// or one of the two does with an error.
func (s *channelSwitch) run(ctx context.Context) error {
	for c := s.first; ; {
		on, leave := context.WithCancel(ctx)
		g, on := errgroup.WithContext(on)
		if c != nil {
			events := linkEvents{s, on, s.receive}
			if m := s.mixers[c.ID]; m != nil {
				events.receive = m.Receive
				g.Go(func() error { m.Run(on); return nil })
			}
			g.Go(func() error {
				if s.ready != nil {
					s.ready(on)
				}
				return c.Link.Run(on, events)
			})
			g.Go(func() error {
				return s.floors.WatchChannel(on, c.ID, func(v redis.FloorView) { s.inbox.post(viewEvent(v)) })
			})
		}
		next, other := s.wait(on, c)
		leave()
		if err := g.Wait(); err != nil || !other {
			return err
		}
		s.path.setLink(false, floor.NoLink)
		c = next.channel
		s.arrive(next)
	}
}

// wait waits for another channel than c to be chosen; false is the end of ctx. To choose
// the same again is to go on with it.
func (s *channelSwitch) wait(ctx context.Context, c *Channel) (next choice, other bool) {
	for {
		select {
		case <-ctx.Done():
			return choice{}, false
		case next = <-s.choices:
		}
		if next.channel != c {
			return next, true
		}
		s.arrive(next)
	}
}

// arrive puts the port on the channel that was chosen, once the actor has left the floor
// of the one before, and unless the selector was moved since.
func (s *channelSwitch) arrive(to choice) {
	left := make(chan struct{})
	s.inbox.post(channelEvent{to.channel, left})
	select {
	case <-left:
	case <-s.inbox.over:
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if to.channel != nil && to.turn == s.turn {
		s.route.set(to.channel)
		s.path.setChosen()
	}
}

// linkEvents is the port as the link of one channel sees it, for as long as ctx lasts. It
// implements LinkEvents.
type linkEvents struct {
	s       *channelSwitch
	ctx     context.Context
	receive func(media.Packet)
}

func (l linkEvents) LinkUp() {
	l.s.log.Info("link is up")
	l.s.inbox.post(linkEvent(NoFault))
	l.s.path.setLink(true, floor.NoReason)
}

func (l linkEvents) LinkDown(reason error) {
	fault := faultOf(reason)
	if l.s.path.setLink(false, fault.reason()) && l.ctx.Err() == nil {
		l.s.log.Warn("link is down", "fault", fault, "err", reason)
	}
	if l.ctx.Err() == nil {
		l.s.inbox.post(linkEvent(fault))
	}
}

func (l linkEvents) Receive(p media.Packet) { l.receive(p) }

// receive handles a received packet. Of two voices the tap gets the more important.
func (s *channelSwitch) receive(p media.Packet) {
	if s.tap != nil && !p.Lesser {
		s.tap.Heard(p)
	}
	s.receiver.Receive(p)
}

// newMixers makes a mixer for each channel that monitors others.
func newMixers(channels []Channel, cfg mixer.Config, deliver func(media.Packet), inbox *inbox) map[string]*mixer.Mixer {
	all := map[string]*mixer.Mixer{}
	for _, c := range channels {
		if len(c.Monitored) > 0 {
			all[c.ID] = mixer.New(append([]string{c.ID}, c.Monitored...), cfg, deliver, func(on bool) { inbox.post(monitoredEvent(on)) })
		}
	}
	return all
}

func (l linkEvents) Unheard(reason string) { l.s.inbox.post(unheardEvent(reason)) }
