package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// maxRevoked bounds the users remembered of one channel; the oldest are forgotten.
const maxRevoked = 1 << 16

func keyRevoked(channel string) string { return "talkgate:revoked:" + channel }

// RememberRevoked notes that a user lost a channel, for every hub and for one that starts
// again. One round trip.
func (c *Client) RememberRevoked(ctx context.Context, channel, userID string) error {
	p := c.conn.Redis.Pipeline()
	p.ZAdd(ctx, keyRevoked(channel), goredis.Z{Score: float64(time.Now().UnixMilli()), Member: userID})
	p.ZRemRangeByRank(ctx, keyRevoked(channel), 0, -maxRevoked-1)
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("remember that user %s lost channel %q: %w", strconv.Quote(userID), channel, err)
	}
	return nil
}

// ForgetRevoked notes that a user has a channel again.
func (c *Client) ForgetRevoked(ctx context.Context, channel, userID string) error {
	if err := c.conn.Redis.ZRem(ctx, keyRevoked(channel), userID).Err(); err != nil {
		return fmt.Errorf("forget that user %s lost channel %q: %w", strconv.Quote(userID), channel, err)
	}
	return nil
}

// WasRevoked reports whether a user lost a channel and has not got it back.
func (c *Client) WasRevoked(ctx context.Context, channel, userID string) (bool, error) {
	err := c.conn.Redis.ZScore(ctx, keyRevoked(channel), userID).Err()
	switch {
	case conn.Missing(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read whether user %s lost channel %q: %w", strconv.Quote(userID), channel, err)
	}
	return true, nil
}
