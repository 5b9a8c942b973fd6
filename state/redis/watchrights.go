package redis

import (
	"context"
	"slices"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// WatchRights follows the rights of a user until ctx ends, then returns nil. fn
// gets them after every push, every (re)subscription and every heartbeat; it
// runs on one goroutine and must return soon. It may get the same rights twice.
//
// A push takes away at once. It gives only what the stored set gives too, and
// where they disagree the set is asked again a second later and then believed.
func (c *Client) WatchRights(ctx context.Context, userID string, fn func(Rights)) error {
	f, err := c.conn.Listen(MembershipUpdates, topicRights(userID))
	if err != nil {
		return err
	}
	defer f.Close()
	log := c.conn.Log.With("user", userID)
	r := conn.NewReader(func(ctx context.Context) Rights {
		v, err := c.ReadRights(ctx, userID)
		if err != nil && ctx.Err() != context.Canceled {
			log.Warn("rights cannot be read", "err", err)
		}
		return v
	})
	defer r.Wait()
	var now Rights
	var pushed []string // nil when no push waits to be checked
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
					r.Ask(ctx)
				case n.Down != nil:
				case n.Payload == rehearsal:
				default:
					u, err := parseMembershipUpdate(n.Payload)
					if err != nil {
						log.Warn("message skipped", "topic", n.Topic, "err", err)
						continue
					}
					if u.UserID != userID {
						continue
					}
					pushed = u.ChannelIDs
					// Known even if the last read failed: what a push takes
					// away is gone, and it gives nothing that was not read.
					now = Rights{Known: true, Channels: both(now.Channels, pushed), Banned: now.Banned, Source: "push"}
					fn(now)
					r.Ask(ctx)
				}
			}
		case <-timer.C:
			pushed = nil
			r.Ask(ctx)
		case v := <-r.Results():
			r.Done(ctx)
			if ctx.Err() != nil {
				return nil
			}
			next := conn.Heartbeat
			if !v.Known {
				fn(v)
				timer.Reset(conn.Spread(conn.ReadAgain))
				continue
			}
			if pushed != nil && !slices.Equal(v.Channels, pushed) {
				if !r.Busy() {
					log.Warn("pushed rights differ from the stored set", "pushed", pushed, "stored", v.Channels)
				}
				v.Channels = both(v.Channels, pushed)
				next = conn.ReadAgain
			}
			now = v
			fn(now)
			timer.Reset(next)
		}
	}
}

// both is what two sorted lists have in common.
func both(a, b []string) []string {
	var out []string
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); ok {
			out = append(out, s)
		}
	}
	return out
}
