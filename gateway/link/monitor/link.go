package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// Link is a link of which the port hears one channel at a time, as one stream.
type Link struct {
	gateway.Link
	channels []string

	mu    sync.Mutex
	desk  desk
	merge *rtc.Merge
}

// New makes a Link of one that hears channels, in that order: the one that is
// talked on, and the monitored ones.
func New(link gateway.Link, channels []string) *Link {
	return &Link{Link: link, channels: channels, desk: newDesk(), merge: rtc.NewMerge()}
}

// Run implements [gateway.Link].
func (l *Link) Run(ctx context.Context, ev gateway.LinkEvents) error {
	return l.Link.Run(ctx, events{ev, l})
}

// Hears is the channel that is heard now; empty for none.
func (l *Link) Hears() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.desk.hears(time.Now()); c != nobody {
		return l.channels[c]
	}
	return ""
}

type events struct {
	gateway.LinkEvents
	link *Link
}

// Receive hands on what is heard.
func (e events) Receive(p media.Packet) {
	l := e.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if turn, ok := l.desk.take(p.Channel, p.Arrived); ok {
		e.LinkEvents.Receive(l.merge.Join(p, turn))
	}
}
