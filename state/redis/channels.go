package redis

import (
	"context"
	"fmt"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// SetChannelEvent makes a channel part of an event.
func (c *Client) SetChannelEvent(ctx context.Context, channel, event string) error {
	if channel == "" || event == "" {
		return fmt.Errorf("set event %q of channel %q: neither may be empty", event, channel)
	}
	if err := c.conn.Redis.HSet(ctx, keyChannelEvents, channel, event).Err(); err != nil {
		return fmt.Errorf("set event of channel %q: %w", channel, err)
	}
	return nil
}

// SetEvent makes an event of exactly these channels: those that were of another event leave
// it, and those that were of this one and are not named are of none. Without any, the event
// is no more. It returns which channels came and which left, sorted; two round trips, the
// second of which changes all or nothing. The audit log has it as by's.
func (c *Client) SetEvent(ctx context.Context, event, by string, channels ...string) (added, removed []string, err error) {
	if event == "" || slices.Contains(channels, "") {
		return nil, nil, fmt.Errorf("set event %q of channels %q: none may be empty", event, channels)
	}
	all, err := c.Events(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("set event %q: %w", event, err)
	}
	for _, channel := range slices.Compact(slices.Sorted(slices.Values(channels))) {
		if all[channel] != event {
			added = append(added, channel)
		}
	}
	for channel, of := range all {
		if of == event && !slices.Contains(channels, channel) {
			removed = append(removed, channel)
		}
	}
	slices.Sort(removed)
	if len(added)+len(removed) == 0 {
		return nil, nil, nil
	}
	_, err = c.conn.Redis.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		for _, channel := range added {
			p.HSet(ctx, keyChannelEvents, channel, event)
		}
		if len(removed) > 0 {
			p.HDel(ctx, keyChannelEvents, removed...)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("set event %q: %w", event, err)
	}
	c.audit.put(AuditEntry{ActorID: by, Action: ActionEventSet, EventID: event, TargetID: event, Metadata: map[string]any{"added": added, "removed": removed}})
	return added, removed, nil
}

// ChannelEvent is the event a channel belongs to, empty for none.
func (c *Client) ChannelEvent(ctx context.Context, channel string) (string, error) {
	event, err := c.conn.Redis.HGet(ctx, keyChannelEvents, channel).Result()
	if err != nil && !conn.Missing(err) {
		return "", fmt.Errorf("read event of channel %q: %w", channel, err)
	}
	return event, nil
}

// ChannelsForEvent are the channels of an event, sorted; one round trip.
func (c *Client) ChannelsForEvent(ctx context.Context, event string) ([]string, error) {
	all, err := c.conn.Redis.HGetAll(ctx, keyChannelEvents).Result()
	if err != nil {
		return nil, fmt.Errorf("read channels of event %q: %w", event, err)
	}
	var channels []string
	for channel, ev := range all {
		if ev == event {
			channels = append(channels, channel)
		}
	}
	slices.Sort(channels)
	return channels, nil
}

// ActiveSpeakers are the holders of the floors of an event, by channel; two round
// trips however many channels.
func (c *Client) ActiveSpeakers(ctx context.Context, event string) (map[string]Holder, error) {
	channels, err := c.ChannelsForEvent(ctx, event)
	if err != nil {
		return nil, err
	}
	return c.Speakers(ctx, channels...)
}

// Events are all channels that belong to an event, and which; one round trip.
func (c *Client) Events(ctx context.Context) (map[string]string, error) {
	all, err := c.conn.Redis.HGetAll(ctx, keyChannelEvents).Result()
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return all, nil
}

// Speakers are the holders of the floors of these channels, by channel; one round
// trip however many.
func (c *Client) Speakers(ctx context.Context, channels ...string) (map[string]Holder, error) {
	if len(channels) == 0 {
		return map[string]Holder{}, nil
	}
	p := c.conn.Redis.Pipeline()
	locks := make([]*goredis.StringCmd, len(channels))
	for i, ch := range channels {
		locks[i] = p.Get(ctx, keyLock(ch))
	}
	if err := conn.Execute(ctx, p); err != nil {
		return nil, fmt.Errorf("read speakers: %w", err)
	}
	speakers := map[string]Holder{}
	for i, ch := range channels {
		if locks[i].Err() == nil {
			speakers[ch] = parseHolder(locks[i].Val())
		}
	}
	return speakers, nil
}

// PauseAllSpeakers ends every talk spurt in an event, whoever holds the lock:
// the locks go, the channels are told, and the holders' own gates close. It
// returns who was paused, by channel, and takes two round trips however many
// channels there are. On an error some channels may be paused, and are returned.
func (c *Client) PauseAllSpeakers(ctx context.Context, event, by string) (map[string]Holder, error) {
	channels, err := c.ChannelsForEvent(ctx, event)
	if err != nil {
		return nil, err
	}
	return c.clearFloors(ctx, event, by, channels)
}

// ClearFloor ends the talk spurt on a channel, whoever holds the lock; nil when
// nobody does.
func (c *Client) ClearFloor(ctx context.Context, channel, by string) (*Holder, error) {
	paused, err := c.clearFloors(ctx, "", by, []string{channel})
	if h, ok := paused[channel]; ok {
		return &h, err
	}
	return nil, err
}

func (c *Client) clearFloors(ctx context.Context, event, by string, channels []string) (map[string]Holder, error) {
	replies, err := c.runEach(ctx, c.scripts.clear, channels, by)
	paused := map[string]Holder{}
	for i, reply := range replies {
		value, textErr := reply.Text()
		if textErr != nil {
			continue
		}
		ch, h := channels[i], parseHolder(value)
		paused[ch] = h
		c.audit.put(AuditEntry{ActorID: by, Action: ActionPaused, EventID: event, TargetID: ch,
			Metadata: map[string]any{"currentSpeaker": h.UserID, "currentSpeakerName": h.UserName}})
	}
	if err != nil {
		return paused, fmt.Errorf("clear floors: %w", err)
	}
	return paused, nil
}

// runEach runs the script that clears a floor on many channels in one round
// trip, and in a second one where a server did not know the script.
func (c *Client) runEach(ctx context.Context, script conn.Script, channels []string, by string) ([]*goredis.Cmd, error) {
	if len(channels) == 0 {
		return nil, nil
	}
	events := make([]string, len(channels))
	for i, ch := range channels {
		event, err := pausedEvent(ch, by)
		if err != nil {
			return nil, err
		}
		events[i] = event
	}
	replies := make([]*goredis.Cmd, len(channels))
	queue := func(run func(ctx context.Context, s goredis.Scripter, keys []string, args ...any) *goredis.Cmd, p goredis.Pipeliner, i int) {
		replies[i] = run(ctx, p, []string{keyLock(channels[i])}, keyEvents(channels[i]), events[i])
	}
	p := c.conn.Redis.Pipeline()
	for i := range channels {
		queue(script.EvalSha, p, i)
	}
	_, err := p.Exec(ctx)
	p = c.conn.Redis.Pipeline()
	for i, reply := range replies {
		if goredis.HasErrorPrefix(reply.Err(), "NOSCRIPT") {
			queue(script.Eval, p, i)
		}
	}
	if p.Len() > 0 {
		_, err = p.Exec(ctx)
	}
	if conn.Missing(err) {
		err = nil
	}
	for _, reply := range replies {
		if err == nil && reply.Err() != nil && !conn.Missing(reply.Err()) {
			err = reply.Err()
		}
	}
	return replies, err
}
