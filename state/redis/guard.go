package redis

import (
	"context"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// GuardLease is how long a guard counts as alive after it last said so.
const GuardLease = 3 * time.Second

// Guards is which rooms a live guard watches.
type Guards struct {
	// Alive reports whether any guard runs.
	Alive bool
	// Rooms has the channels whose rooms a guard is in.
	Rooms map[string]bool
}

// KeepGuard says for GuardLease that a guard runs and, if channel is not empty, that
// it is in the channel's room and sees this Redis.
func (c *Client) KeepGuard(ctx context.Context, channel string) error {
	if err := c.conn.Redis.Set(ctx, keyGuard(channel), "1", GuardLease).Err(); err != nil {
		return fmt.Errorf("say that the guard is alive: %w", err)
	}
	return nil
}

// ReadGuards reads which of the channels have a live guard; one round trip.
func (c *Client) ReadGuards(ctx context.Context, channels ...string) (Guards, error) {
	p := c.conn.Redis.Pipeline()
	alive := p.Exists(ctx, keyGuard(""))
	rooms := make([]*goredis.IntCmd, len(channels))
	for i, ch := range channels {
		rooms[i] = p.Exists(ctx, keyGuard(ch))
	}
	if err := conn.Execute(ctx, p); err != nil {
		return Guards{}, fmt.Errorf("read which channels are guarded: %w", err)
	}
	g := Guards{Alive: alive.Val() > 0, Rooms: make(map[string]bool, len(channels))}
	for i, ch := range channels {
		g.Rooms[ch] = rooms[i].Val() > 0
	}
	return g, nil
}

// keyGuard is there while a guard is in the room of a channel; the empty channel is
// any.
func keyGuard(channel string) string { return "talkgate:guard:" + channel }
