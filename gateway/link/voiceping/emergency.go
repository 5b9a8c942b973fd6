package voiceping

import (
	"context"
	"sync"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

// emergencies records who has an emergency on which channel, by the server's events.
// The server's locks do not show it.
type emergencies struct {
	mu sync.Mutex
	by map[string]string
}

func (e *emergencies) begin(channel, user string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.by == nil {
		e.by = make(map[string]string)
	}
	e.by[channel] = user
}

func (e *emergencies) end(channel string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.by, channel)
}

// forget clears all: after the connection no event reports an end.
func (e *emergencies) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.by)
}

func (e *emergencies) of(channel string) (user string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.by[channel]
}

// Floor returns a watcher that marks the holder's emergency, as the server reports
// it. Through it the link sees its own lock before the server replies.
func (l *Link) Floor(watch port.FloorWatcher) port.FloorWatcher { return floorWatch{watch, l} }

type floorWatch struct {
	port.FloorWatcher
	link *Link
}

// WatchChannel implements [port.FloorWatcher].
func (w floorWatch) WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error {
	return w.FloorWatcher.WatchChannel(ctx, channel, func(v redis.FloorView) {
		if channel == w.link.cfg.Channel {
			w.link.locks.onHolder(v.Holder)
		}
		if h := v.Holder; h != nil && h.Emergency == "" && h.UserID == w.link.emergencies.of(channel) {
			marked := *h
			marked.Emergency = channel
			v.Holder = &marked
		}
		fn(v)
	})
}
