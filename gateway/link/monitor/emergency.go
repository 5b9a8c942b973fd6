package monitor

import (
	"context"
	"slices"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

const (
	// askEvery is how often it is asked of a channel on which somebody speaks whether it
	// is an emergency: who calls one takes the place of who speaks, perhaps without a gap.
	askEvery = 500 * time.Millisecond
	// quiet is how long after its last packet nobody speaks there.
	quiet = time.Second
)

// hear takes in that somebody speaks. The caller holds the lock.
func (l *Link) hear(p media.Packet) {
	begins := p.Arrived.Sub(l.said[p.Channel]) > quiet
	l.said[p.Channel] = p.Arrived
	if begins {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// watch asks for emergencies, of channels on which somebody speaks alone: a port that
// is not asked to hear anything costs nothing. What is published of a channel it does
// not follow, as a Redis that forbids one topic takes the others away, too.
func (l *Link) watch(ctx context.Context, ev port.LinkEvents) {
	if l.desk.cfg.Emergency == nil {
		return
	}
	defer l.show(ev, make([]bool, len(l.channels)))
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-tick.C:
		}
		urgent := l.speaking()
		for c := range urgent {
			urgent[c] = urgent[c] && l.desk.cfg.Emergency(ctx, l.channels[c])
		}
		l.show(ev, urgent)
	}
}

// speaking are the channels on which somebody speaks.
func (l *Link) speaking() []bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	on := make([]bool, len(l.said))
	for c, at := range l.said {
		on[c] = time.Since(at) < quiet
	}
	return on
}

// show takes over which channels have an emergency. The port is told of those that are
// not its own, of which it knows.
func (l *Link) show(ev port.LinkEvents, urgent []bool) {
	l.mu.Lock()
	before := elsewhere(l.desk.urgent)
	copy(l.desk.urgent, urgent)
	l.mu.Unlock()
	if now := elsewhere(urgent); now != before {
		ev.Emergency(now)
	}
}

// elsewhere reports whether an emergency is on others of the channels alone.
func elsewhere(urgent []bool) bool { return !urgent[0] && slices.Contains(urgent[1:], true) }
