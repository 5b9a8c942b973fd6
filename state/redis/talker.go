package redis

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// rehearsal is what Rehearse publishes on its user's own topic. Whoever listens there
// skips it.
const rehearsal = ""

// Talker is a Client as a port needs it that talks as one user: it takes a floor for
// known only if a press there would work.
type Talker struct {
	*Client
	UserID string
	// Budget is whether presses have one, whose account Redis keeps.
	Budget bool
}

// WatchChannel follows a floor as Client.WatchChannel does. Before its first view, and
// again after each one that is not Known, it rehearses a press: a Redis that refuses
// what a press needs shows in FloorView.Fault before anybody presses.
func (t Talker) WatchChannel(ctx context.Context, channel string, fn func(FloorView)) error {
	var rehearsed atomic.Bool
	return t.watchChannel(ctx, channel, func(ctx context.Context, channel string) (FloorView, error) {
		if !rehearsed.Load() {
			err := t.Rehearse(ctx, channel, t.UserID)
			if err == nil && t.Budget {
				err = t.RehearseBudget(ctx, t.UserID)
			}
			if err != nil {
				return FloorView{}, err
			}
		}
		v, err := t.ReadFloor(ctx, channel)
		rehearsed.Store(err == nil)
		return v, err
	}, fn)
}

// Rehearse tries all that a press, a renewal and a release of a user on a channel need,
// and leaves the floor as it is. The error is the first that Redis refused; FaultOf says
// what to do about it. On a cluster, where rights are read beforehand, it takes two
// round trips, else one.
func (c *Client) Rehearse(ctx context.Context, channel, userID string) error {
	if s := c.Subscription(); !s.Connected && s.Err != nil && conn.FaultOf(s.Err).Kind == conn.Refusing {
		return fmt.Errorf("subscribe to channel %q and the rights of user %q: %w", channel, userID, s.Err)
	}
	keys := []string{keyLock(channel), keyEpoch(channel)}
	if c.cluster {
		if _, err := c.ReadRights(ctx, userID); err != nil {
			return err
		}
	} else {
		keys = append(keys, keyRights(userID), keyBanned, keyBan(userID))
	}
	if err := c.scripts.rehearse.Run(ctx, c.conn.Redis, keys, channel, userID, topicRights(userID), rehearsal).Err(); err != nil {
		return fmt.Errorf("rehearse a press of user %q on channel %q: %w", userID, channel, err)
	}
	return nil
}

// RehearseBudget tries all that the account of a user's talk needs, and changes nothing.
func (c *Client) RehearseBudget(ctx context.Context, userID string) error {
	if err := c.scripts.rehearseBudget.Run(ctx, c.conn.Redis, []string{keyTalked(userID)}).Err(); err != nil {
		return fmt.Errorf("rehearse the talk budget of user %q: %w", userID, err)
	}
	return nil
}
