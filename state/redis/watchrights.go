package redis

import (
	"context"
	"slices"
	"time"
)

// WatchRights follows the rights of a user until ctx ends, then returns nil. fn
// gets them after every push, every (re)subscription and every heartbeat; it
// runs on one goroutine and must return soon. It may get the same rights twice.
//
// A push takes away at once. It gives only what the stored set gives too, and
// where they disagree the set is asked again a second later and then believed.
func (c *Client) WatchRights(ctx context.Context, userID string, fn func(Rights)) error {
	f := newFeed(MembershipUpdates, topicRights(userID))
	if err := c.subs.join(f); err != nil {
		return err
	}
	defer c.subs.leave(f)
	log := c.log.With("user", userID)
	r := newReader(func(ctx context.Context) Rights {
		v, err := c.ReadRights(ctx, userID)
		if err != nil && ctx.Err() != context.Canceled {
			log.Warn("rights cannot be read", "err", err)
		}
		return v
	})
	defer r.wait()
	var now Rights
	var pushed []string // nil when no push waits to be checked
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
					r.ask(ctx)
				case n.down != nil:
				case n.payload == rehearsal:
				default:
					u, err := parseMembershipUpdate(n.payload)
					if err != nil {
						log.Warn("message skipped", "topic", n.topic, "err", err)
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
					r.ask(ctx)
				}
			}
		case <-timer.C:
			pushed = nil
			r.ask(ctx)
		case v := <-r.results:
			r.took(ctx)
			if ctx.Err() != nil {
				return nil
			}
			next := heartbeat
			if !v.Known {
				fn(v)
				timer.Reset(spread(readAgain))
				continue
			}
			if pushed != nil && !slices.Equal(v.Channels, pushed) {
				if !r.busy {
					log.Warn("pushed rights differ from the stored set", "pushed", pushed, "stored", v.Channels)
				}
				v.Channels = both(v.Channels, pushed)
				next = readAgain
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
