package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis/conn"
)

// FloorView is the floor of a channel as it was read.
type FloorView struct {
	// Known is false when the lock could not be read, or a press would fail
	// (Talker.WatchChannel); nothing else is set then but Fault and ReadAt.
	Known bool
	// Fault is why Known is false.
	Fault conn.Fault
	// Holder is nil on an idle channel.
	Holder *Holder
	// PausedBy is the ID of the dispatcher who ended the last talk spurt; empty where
	// nobody did. Only the first view after the pause has it, and only WatchChannel's.
	PausedBy string
	// ReadAt is when the read was sent: the view is at least as new.
	ReadAt time.Time
	// TTL is what was left of the lock; negative for a lock without end.
	TTL time.Duration
}

// Reading returns v as a reading that a floor.View applies.
func (v FloorView) Reading() floor.Reading[Holder] {
	r := floor.Reading[Holder]{Known: v.Known, Holder: v.Holder, At: v.ReadAt, TTL: v.TTL}
	if v.Holder != nil {
		r.Epoch = v.Holder.Epoch
	}
	return r
}

// ReadFloor reads the speaker lock of a channel; one round trip.
func (c *Client) ReadFloor(ctx context.Context, channel string) (FloorView, error) {
	v := FloorView{ReadAt: time.Now()}
	// No transaction, which a Redis that is out of memory refuses; and the
	// TTL first: should the lock change hands between the two, it is too short.
	p := c.conn.Redis.Pipeline()
	ttl, value := p.PTTL(ctx, keyLock(channel)), p.Get(ctx, keyLock(channel))
	if err := conn.Execute(ctx, p); err != nil {
		return v, fmt.Errorf("read floor of channel %q: %w", channel, err)
	}
	v.Known = true
	if value.Err() == nil {
		h := parseHolder(value.Val())
		v.Holder, v.TTL = &h, ttl.Val()
	}
	return v, nil
}
