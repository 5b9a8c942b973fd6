package redis

import (
	"context"
	"fmt"
	"time"
)

// Adopt makes a lock that a server wrote for the Claim's user the Claim's own:
// from then on it has the Claim's token, role and TTL and an epoch, and Renew
// and Release know it. One round trip, in which rights and ban are looked at as
// Acquire does; without them the lock is left as it is. A server takes the
// adopted lock for the one it wrote, since it looks at the user only.
//
// The floor is Busy when the lock is somebody else's, or nobody's.
func (c *Client) Adopt(ctx context.Context, cl Claim) (Decision, error) {
	prefix, err := c.prepare(cl)
	if err != nil {
		return Decision{}, err
	}
	no, keys, err := c.withRightsKeys(ctx, cl, []string{keyLock(cl.Channel), keyEpoch(cl.Channel)})
	if err != nil {
		return Decision{}, fmt.Errorf("adopt floor of channel %q: %w", cl.Channel, err)
	}
	if no != "" {
		return Decision{Verdict: verdictOf(no)}, nil
	}
	spent, d, err := c.openAccount(ctx, cl)
	if spent || err != nil {
		return d, err
	}
	keys, args := c.withAccount(cl, keys, cl.Channel, cl.UserID, prefix, cl.TTL.Milliseconds())
	reply, err := c.scripts.adopt.Run(ctx, c.conn.Redis, keys, args...).Slice()
	if err != nil {
		return Decision{}, fmt.Errorf("adopt floor of channel %q: %w", cl.Channel, err)
	}
	switch d.Verdict = verdictOf(text(reply, 0)); d.Verdict {
	case 0:
		return Decision{}, fmt.Errorf("adopt floor of channel %q: script answered %q", cl.Channel, text(reply, 0))
	case Granted:
		d.Epoch, d.Left = parseHolder(text(reply, 1)).Epoch, max(d.Left, millis(reply, 2))
	case Spent:
		d.Wait = millis(reply, 2)
	case Busy:
		d.Holder = parseHolder(text(reply, 1))
	}
	c.auditDecision(cl, d)
	if d.Verdict != Granted {
		err = c.closeAccount(ctx, cl)
	}
	return d, err
}

// Abandon deletes a lock that a server wrote for the Claim's user at least age
// ago, by the server's timestamp and the clock of Redis, and tells the channel if
// it did; one round trip. A lock with a token is somebody's who renews it, and is
// left alone.
func (c *Client) Abandon(ctx context.Context, cl Claim, age time.Duration) (abandoned bool, err error) {
	if err := cl.validate(); err != nil {
		return false, err
	}
	event, err := idleEvent(cl.Channel)
	if err != nil {
		return false, err
	}
	n, err := c.scripts.abandon.Run(ctx, c.conn.Redis, []string{keyLock(cl.Channel)},
		cl.UserID, age.Milliseconds(), keyEvents(cl.Channel), event).Int()
	if err != nil {
		return false, fmt.Errorf("abandon floor of channel %q: %w", cl.Channel, err)
	}
	if n == 1 {
		c.auditEntry(cl, ActionStop, nil)
	}
	return n == 1, nil
}

// luaServers reads a lock that a server wrote for a user, or nil.
const luaServers = `
local function servers(value, user)
  if not value then return nil end
  local ok, v = pcall(cjson.decode, value)
  if not ok or type(v) ~= 'table' or v.userId ~= user or v.token ~= nil or type(v.timestamp) ~= 'number' then return nil end
  return v
end
`

// luaAdopt puts the caller's value in the place of a server's. Asked again for
// what it has given, it says so.
//
// KEYS: lock, epoch[, rights, banned, ban][, account]
// ARGV: channel, user, prefix, ttl ms, token, budget ms, its window ms
const luaAdopt = `
local channel, user, prefix, ttl, token, budget, window = unpack(ARGV)
local now = now_ms()
local acc = account(KEYS[#KEYS], now, budget, window)
local old = redis.call('GET', KEYS[1])
if old and string.sub(old, 1, #prefix) == prefix then
  redis.call('PEXPIRE', KEYS[1], ttl)
  return {'granted', old, open(acc, token, ttl)}
end
if not servers(old, user) then return {'busy', old or ''} end
local no = forbidden(now, channel, user, KEYS[3], KEYS[4], KEYS[5])
if no then return {no, ''} end
if spent(acc) then return {'spent', '', wait(acc)} end
local epoch = next_epoch(KEYS[2], now)
local value = prefix .. epoch .. '}'
redis.call('SET', KEYS[2], epoch)
redis.call('SET', KEYS[1], value, 'PX', ttl)
return {'granted', value, open(acc, token, ttl)}
`

// luaAbandon deletes a server's lock of a user that is old enough.
//
// KEYS: lock
// ARGV: user, age ms, topic, event
const luaAbandon = `
local user, age, topic, event = unpack(ARGV)
local v = servers(redis.call('GET', KEYS[1]), user)
if not v or now_ms() - v.timestamp < tonumber(age) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', topic, event)
return 1
`
