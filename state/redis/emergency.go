package redis

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// An emergency is one claim whose locks are those of all channels of an event. The
// lock says so by itself: whoever reads it knows of the emergency, nobody takes it
// away, and it ends as every lock does, by its TTL if by nothing else.

// luaAcquireEvent takes or keeps the floors of many channels at once, whoever has
// them, but for another emergency's. To keep them the lock of the claim's own channel has to
// be the caller's still; what was lost of the others is taken again.
//
// KEYS: lock and epoch of each channel[, rights, banned, ban]
// ARGV: channel, user, prefix, ttl ms, role, "take" or "keep", how many channels; topic and event of each
const luaAcquireEvent = `
local channel, user, prefix, ttl, role, how, n = unpack(ARGV, 1, 7)
if role ~= 'DISPATCH' then return {'no-rights', ''} end
local now = now_ms()
local last = 2 * tonumber(n)
local home = 'channel:' .. channel .. ':speaker'
local no = forbidden(now, channel, user, KEYS[last + 1], KEYS[last + 2], KEYS[last + 3])
if no then return {no, ''} end
local function ours(value) return value and string.sub(value, 1, #prefix) == prefix end
for i = 1, last, 2 do
  local old = redis.call('GET', KEYS[i])
  if how == 'keep' and KEYS[i] == home and not ours(old) then return {'lost', old or ''} end
  if old and not ours(old) then
    local ok, holder = pcall(cjson.decode, old)
    if ok and type(holder) == 'table' and type(holder.emergency) == 'string' then
      return {how == 'keep' and 'lost' or 'busy', old}
    end
  end
end
local reply = {how == 'keep' and 'held' or 'granted', ''}
for i = 1, last, 2 do
  local old = redis.call('GET', KEYS[i])
  if ours(old) then
    redis.call('PEXPIRE', KEYS[i], ttl)
    if i == 1 then reply[2] = old end
  else
    local epoch = next_epoch(KEYS[i + 1], now)
    local value = prefix .. epoch .. '}'
    redis.call('SET', KEYS[i + 1], epoch)
    redis.call('SET', KEYS[i], value, 'PX', ttl)
    redis.call('PUBLISH', ARGV[7 + i], ARGV[8 + i])
    if i == 1 then reply[2] = value end
    if old then
      reply[#reply + 1] = ARGV[7 + i]
      reply[#reply + 1] = old
    end
  end
end
return reply
`

// luaReleaseEvent deletes those of many locks that are the caller's own.
//
// KEYS: locks
// ARGV: prefix; topic and event of each
const luaReleaseEvent = `
local prefix = ARGV[1]
local gone = 0
for i, lock in ipairs(KEYS) do
  local old = redis.call('GET', lock)
  if old and string.sub(old, 1, #prefix) == prefix then
    redis.call('DEL', lock)
    redis.call('PUBLISH', ARGV[2 * i], ARGV[2 * i + 1])
    gone = gone + 1
  end
end
return gone
`

// eventChannels are the channels of the event that a channel belongs to: itself
// first, and alone where it belongs to none.
func (c *Client) eventChannels(ctx context.Context, channel string) ([]string, error) {
	all, err := c.Events(ctx)
	if err != nil {
		return nil, err
	}
	channels := []string{channel}
	if event := all[channel]; event != "" {
		for _, ch := range slices.Sorted(maps.Keys(all)) {
			if all[ch] == event && ch != channel {
				channels = append(channels, ch)
			}
		}
	}
	return channels, nil
}

func (c *Client) acquireEvent(ctx context.Context, cl Claim, prefix string) (Decision, error) {
	channels, replies, no, err := c.runEvent(ctx, cl, prefix, "take")
	if err != nil {
		return Decision{}, fmt.Errorf("emergency on channel %q: %w", cl.Channel, err)
	}
	d := Decision{Verdict: verdictOf(no)}
	if no == "" {
		if d, err = c.decideEvent(channels, replies); err != nil {
			return Decision{}, fmt.Errorf("emergency on channel %q: %w", cl.Channel, err)
		}
	}
	if d.Verdict != Granted {
		if len(replies) > 1 { // part of a cluster's may have been taken
			_, err = c.giveBackEvent(ctx, cl, prefix, channels)
		}
		c.auditDecision(cl, d)
		return d, err
	}
	c.auditEntry(cl, ActionEmergency, map[string]any{"channelCount": len(channels), "channelIds": channels, "pausedSpeakerCount": len(d.Paused)})
	for channel, h := range d.Paused {
		c.audit.put(AuditEntry{ActorID: cl.UserID, Action: ActionPaused, TargetID: channel,
			Metadata: map[string]any{"currentSpeaker": h.UserID, "currentSpeakerName": h.UserName}})
	}
	return d, nil
}

// decideEvent makes one decision of the replies, the first of which is about the
// claim's own channel.
func (c *Client) decideEvent(channels []string, replies [][]any) (Decision, error) {
	d := Decision{Paused: map[string]Holder{}}
	topics := map[string]string{}
	for _, ch := range channels {
		topics[keyEvents(ch)] = ch
	}
	for i, reply := range replies {
		word, value := text(reply, 0), text(reply, 1)
		switch verdict := verdictOf(word); verdict {
		case 0:
			return Decision{}, fmt.Errorf("script answered %q", word)
		case Granted:
			if i == 0 {
				d.Verdict, d.Epoch = Granted, parseHolder(value).Epoch
			}
			for j := 2; j+1 < len(reply); j += 2 {
				d.Paused[topics[text(reply, j)]] = parseHolder(text(reply, j+1))
			}
		default:
			return Decision{Verdict: verdict, Holder: parseHolder(value)}, nil
		}
	}
	return d, nil
}

func (c *Client) renewEvent(ctx context.Context, cl Claim, prefix string) (Renewal, error) {
	_, replies, no, err := c.runEvent(ctx, cl, prefix, "keep")
	if err != nil {
		return Renewal{}, fmt.Errorf("renew emergency on channel %q: %w", cl.Channel, err)
	}
	st := Renewal{State: stateOf(no)}
	for _, reply := range replies {
		word, value := text(reply, 0), text(reply, 1)
		st.State = stateOf(word)
		switch {
		case st.State == 0:
			return Renewal{}, fmt.Errorf("renew emergency on channel %q: script answered %q", cl.Channel, word)
		case st.State == Lost && value != "":
			h := parseHolder(value)
			st.Holder = &h
		}
		if st.State != Held {
			break
		}
	}
	if st.State == Revoked || st.State == RevokedByBan {
		c.auditEntry(cl, ActionRevoked, map[string]any{"reason": st.State.String()})
	}
	return st, nil
}

func (c *Client) releaseEvent(ctx context.Context, cl Claim, prefix string) (bool, error) {
	channels, err := c.eventChannels(ctx, cl.Channel)
	if err != nil { // its own at least; the others' TTL ends them
		channels = []string{cl.Channel}
	}
	n, err := c.giveBackEvent(ctx, cl, prefix, channels)
	if err != nil {
		return false, err
	}
	if n > 0 {
		c.auditEntry(cl, ActionEmergencyEnd, map[string]any{"channelCount": n, "channelIds": channels})
	}
	return n > 0, nil
}

// runEvent runs luaAcquireEvent over the channels of the claim's event: all in one
// step or, on a cluster, where they live on different slots, one after the other.
// no is why the claim's user may not talk.
func (c *Client) runEvent(ctx context.Context, cl Claim, prefix, how string) (channels []string, replies [][]any, no string, err error) {
	if channels, err = c.eventChannels(ctx, cl.Channel); err != nil {
		return nil, nil, "", err
	}
	for i, part := range c.parts(channels) {
		var keys []string
		args := []any{cl.Channel, cl.UserID, prefix, cl.TTL.Milliseconds(), string(cl.Role), how, len(part)}
		for _, ch := range part {
			event, err := busyEvent(ch, cl.UserID, cl.UserName, cl.At)
			if err != nil {
				return nil, nil, "", err
			}
			keys = append(keys, keyLock(ch), keyEpoch(ch))
			args = append(args, keyEvents(ch), event)
		}
		if i == 0 {
			if no, keys, err = c.withRightsKeys(ctx, cl, keys); err != nil || no != "" {
				return nil, nil, no, err
			}
		}
		reply, err := c.scripts.acquireEvent.Run(ctx, c.conn.Redis, keys, args...).Slice()
		if err != nil {
			return nil, nil, "", err
		}
		if replies = append(replies, reply); text(reply, 0) != "granted" && text(reply, 0) != "held" {
			break
		}
	}
	return channels, replies, "", nil
}

func (c *Client) giveBackEvent(ctx context.Context, cl Claim, prefix string, channels []string) (n int, err error) {
	for _, part := range c.parts(channels) {
		var keys []string
		args := []any{prefix}
		for _, ch := range part {
			event, err := idleEvent(ch)
			if err != nil {
				return n, err
			}
			keys = append(keys, keyLock(ch))
			args = append(args, keyEvents(ch), event)
		}
		gone, err := c.scripts.releaseEvent.Run(ctx, c.conn.Redis, keys, args...).Int()
		if err != nil {
			return n, fmt.Errorf("end emergency on channel %q: %w", cl.Channel, err)
		}
		n += gone
	}
	return n, nil
}

// parts are the channels that one script may change.
func (c *Client) parts(channels []string) [][]string {
	if !c.cluster {
		return [][]string{channels}
	}
	return slices.Collect(slices.Chunk(channels, 1))
}
