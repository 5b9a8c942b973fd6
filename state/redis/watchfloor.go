package redis

import (
	"context"
	"time"
)

// WatchChannel follows the floor of a channel until ctx ends, then returns nil.
// fn gets a view after every event, after every (re)subscription, after
// RefreshFloor, and every second while the floor is taken or cannot be read: a
// lock that expires or is evicted tells nobody. It runs on one goroutine and
// must return soon.
func (c *Client) WatchChannel(ctx context.Context, channel string, fn func(FloorView)) error {
	return c.watchChannel(ctx, channel, c.ReadFloor, fn)
}

func (c *Client) watchChannel(ctx context.Context, channel string, read func(context.Context, string) (FloorView, error), fn func(FloorView)) error {
	f := newFeed(keyEvents(channel))
	if err := c.subs.join(f); err != nil {
		return err
	}
	defer c.subs.leave(f)
	log := c.log.With("channel", channel)
	r := newReader(func(ctx context.Context) FloorView {
		v, err := read(ctx, channel)
		if err != nil {
			v = FloorView{Fault: FaultOf(err), ReadAt: v.ReadAt}
			if ctx.Err() != context.Canceled {
				log.Warn("floor cannot be read", "err", err, "do", v.Fault.Do)
			}
		}
		return v
	})
	defer r.wait()
	subscribed, pausedBy := false, ""
	timer := time.NewTimer(heartbeat)
	defer timer.Stop()
	r.ask(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
			for _, n := range f.take() {
				switch {
				case n.fresh:
					subscribed = true
				case n.down != nil:
					subscribed = false
				default:
					ev, err := parseChannelEvent(channel, n.payload)
					if err != nil {
						log.Warn("message skipped", "topic", n.topic, "err", err)
						continue
					}
					pausedBy = ev.PausedBy
				}
				r.ask(ctx)
			}
		case <-timer.C:
			r.ask(ctx)
		case v := <-r.results:
			r.took(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if v.Known && v.Holder == nil {
				v.PausedBy, pausedBy = pausedBy, ""
			}
			fn(v)
			timer.Reset(nextFloorRead(v, subscribed))
		}
	}
}

// RefreshFloor makes every WatchChannel of a channel read the lock now.
func (c *Client) RefreshFloor(channel string) { c.subs.refresh(keyEvents(channel)) }

func nextFloorRead(v FloorView, subscribed bool) time.Duration {
	switch {
	case !v.Known, !subscribed:
		return spread(readAgain)
	case v.Holder == nil:
		return heartbeat
	case v.TTL <= 0:
		return readAgain
	}
	// Just after the lock would end, so that an abandoned floor is seen free.
	return min(readAgain, v.TTL+time.Millisecond)
}
