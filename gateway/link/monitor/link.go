package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// Link is a link of which the port hears what Config says: one voice at a time, or
// two, each as one stream.
type Link struct {
	port.Link
	channels []string

	wake chan struct{} // somebody begins to speak

	mu    sync.Mutex
	desk  desk
	merge [2]*rtc.Merge // by voice
	said  []time.Time   // the last packet of each channel
}

// New makes a Link of one that hears channels, in that order: the one that is
// talked on, and the monitored ones.
func New(link port.Link, channels []string, cfg Config) *Link {
	return &Link{
		Link: link, channels: channels, wake: make(chan struct{}, 1),
		desk: newDesk(cfg, len(channels)), merge: [2]*rtc.Merge{rtc.NewMerge(), rtc.NewMerge()}, said: make([]time.Time, len(channels)),
	}
}

// Run implements [port.Link].
func (l *Link) Run(ctx context.Context, ev port.LinkEvents) error {
	watched, done := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { l.watch(watched, ev) })
	defer watch.Wait()
	defer done()
	return l.Link.Run(ctx, events{ev, l})
}

// Hears is the channel that is heard now, the most important of two; empty for
// none.
func (l *Link) Hears() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.desk.hears(time.Now()); c != nobody {
		return l.channels[c]
	}
	return ""
}

type events struct {
	port.LinkEvents
	link *Link
}

// Receive hands on what is heard.
func (e events) Receive(p media.Packet) {
	l := e.link
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hear(p)
	if v, ok := l.desk.take(p.Channel, p.Arrived, media.Pause(p.Opus)); ok {
		p.Voice, p.Lesser = v.voice, v.lesser
		e.LinkEvents.Receive(l.merge[v.voice].Join(p, v.turn))
	}
}
