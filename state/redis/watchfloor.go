package redis

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
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
	f, err := c.conn.Listen(keyEvents(channel))
	if err != nil {
		return err
	}
	defer f.Close()
	log := c.conn.Log.With("channel", channel)
	r := conn.NewReader(func(ctx context.Context) FloorView {
		v, err := read(ctx, channel)
		if err != nil {
			v = FloorView{Fault: conn.FaultOf(err), ReadAt: v.ReadAt}
			if ctx.Err() != context.Canceled {
				log.Warn("floor cannot be read", "err", err, "do", v.Fault.Do)
			}
		}
		return v
	})
	defer r.Wait()
	subscribed, pausedBy := false, ""
	timer := time.NewTimer(conn.Heartbeat)
	defer timer.Stop()
	r.Ask(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.Wake():
			for _, n := range f.Notes() {
				switch {
				case n.Fresh:
					subscribed = true
				case n.Down != nil:
					subscribed = false
				default:
					ev, err := parseChannelEvent(channel, n.Payload)
					if err != nil {
						log.Warn("message skipped", "topic", n.Topic, "err", err)
						continue
					}
					pausedBy = ev.PausedBy
				}
				r.Ask(ctx)
			}
		case <-timer.C:
			r.Ask(ctx)
		case v := <-r.Results():
			r.Done(ctx)
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
func (c *Client) RefreshFloor(channel string) { c.conn.Refresh(keyEvents(channel)) }

func nextFloorRead(v FloorView, subscribed bool) time.Duration {
	switch {
	case !v.Known, !subscribed:
		return conn.Spread(conn.ReadAgain)
	case v.Holder == nil:
		return conn.Heartbeat
	case v.TTL <= 0:
		return conn.ReadAgain
	}
	// Just after the lock would end, so that an abandoned floor is seen free.
	return min(conn.ReadAgain, v.TTL+time.Millisecond)
}
