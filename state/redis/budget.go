package redis

import (
	"context"
	"time"
)

// Budget limits how long a user talks in a sliding window, on all channels and all ports
// together. The zero value is no limit, and counts nothing.
//
// The account of a user is one hash: how long was talked in each part of the window, and
// the talk spurts that are under way. A grant opens a talk spurt, each renewal charges it
// by the clock of Redis, a release closes it. One that nobody renews is charged as long
// as its lock lasted. A part is an eighth of the window and is forgotten as a whole.
type Budget struct {
	// Limit is the longest that all talk spurts of a Window last together; whole ms.
	Limit, Window time.Duration
}

func keyTalked(userID string) string { return "talkgate:talked:" + userID }

// withAccount adds the account of a claim to the keys of a script, and its budget to the
// arguments: none on a cluster, which keeps it on another slot. There luaBudget runs by itself.
func (c *Client) withAccount(cl Claim, keys []string, args ...any) ([]string, []any) {
	b := cl.Budget
	if b.Limit == 0 || c.cluster {
		return keys, append(args, cl.Token, 0, 0)
	}
	return append(keys, keyTalked(cl.UserID)), append(args, cl.Token, b.Limit.Milliseconds(), b.Window.Milliseconds())
}

// openAccount opens or charges the talk spurt of a claim on a cluster, and does nothing
// elsewhere or without a budget. spent is a denial.
func (c *Client) openAccount(ctx context.Context, cl Claim) (spent bool, d Decision, err error) {
	if cl.Budget.Limit == 0 || !c.cluster {
		return false, Decision{}, nil
	}
	reply, err := c.scripts.budget.Run(ctx, c.conn.Redis, []string{keyTalked(cl.UserID)},
		cl.Token, cl.TTL.Milliseconds(), cl.Budget.Limit.Milliseconds(), cl.Budget.Window.Milliseconds()).Slice()
	if err == nil && text(reply, 0) == "spent" {
		return true, Decision{Verdict: Spent, Wait: millis(reply, 1)}, nil
	}
	return false, Decision{Left: millis(reply, 1)}, err
}

// closeAccount ends what openAccount began.
func (c *Client) closeAccount(ctx context.Context, cl Claim) error {
	if cl.Budget.Limit == 0 || !c.cluster {
		return nil
	}
	return c.scripts.budget.Run(ctx, c.conn.Redis, []string{keyTalked(cl.UserID)},
		cl.Token, 0, cl.Budget.Limit.Milliseconds(), cl.Budget.Window.Milliseconds()).Err()
}

func millis(reply []any, i int) time.Duration {
	if i >= len(reply) {
		return 0
	}
	n, _ := reply[i].(int64)
	return time.Duration(n) * time.Millisecond
}

// luaAccount keeps the account of a user. Fields of the hash are "s:FROM:LENGTH", a part
// of a window and the ms talked in it, and "t:TOKEN", a talk spurt that is under way:
// until when it is charged, and when it is over unless it is renewed. All times are in ms
// of Redis's clock. What lies in the future was written before that clock was set back,
// and is dropped.
const luaAccount = `
local function put(acc, field, value)
  acc.fields[field] = value
  acc.changed[field] = value or false
end
local function charge(acc, from, to)
  while from < to do
    local start = from - from % acc.len
    local stop = math.min(to, start + acc.len)
    local field = string.format('s:%.0f:%.0f', start, acc.len)
    put(acc, field, (acc.fields[field] or 0) + stop - from)
    from = stop
  end
end
local function account(key, now, limit, window)
  limit, window = tonumber(limit), tonumber(window)
  if limit == 0 then return nil end
  local acc = {key = key, now = now, limit = limit, window = window, len = math.ceil(window / 8), fields = {}, changed = {}}
  local all = redis.call('HGETALL', key)
  local over = {}
  for i = 1, #all, 2 do
    local field, value = all[i], all[i + 1]
    local start, len = string.match(field, '^s:(%d+):(%d+)$')
    local from, till = string.match(value, '^(%d+):(%d+)$')
    if start then
      start, len = tonumber(start), tonumber(len)
      if start > now or start + 9 * len <= now then put(acc, field, nil)
      else acc.fields[field] = tonumber(value) or 0 end
    elseif from and tonumber(from) <= now then
      acc.fields[field] = value
      if tonumber(till) <= now then over[#over + 1] = {field, tonumber(from), tonumber(till)} end
    else
      put(acc, field, nil)
    end
  end
  for _, spurt in ipairs(over) do
    charge(acc, spurt[2], spurt[3])
    put(acc, spurt[1], nil)
  end
  return acc
end
local function under_way(acc, token, ttl)
  local field = 't:' .. token
  local value = acc.fields[field]
  if value then charge(acc, tonumber(string.match(value, '^(%d+):')), acc.now) end
  put(acc, field, ttl and string.format('%.0f:%.0f', acc.now, acc.now + ttl) or nil)
end
local function talked(acc, at)
  local sum = 0
  for field, value in pairs(acc.fields) do
    local start, len = string.match(field, '^s:(%d+):(%d+)$')
    if not start then sum = sum + acc.now - tonumber(string.match(value, '^(%d+):'))
    elseif start + len > at - acc.window then sum = sum + value end
  end
  return sum
end
local function left(acc)
  local at = acc.now
  while true do
    local spent = acc.now + acc.limit - talked(acc, at)
    if spent <= at then return at - acc.now end
    at = spent
  end
end
local function wait(acc)
  local soonest = acc.now + acc.window
  for field in pairs(acc.fields) do
    local start, len = string.match(field, '^s:(%d+):(%d+)$')
    local gone = start and start + len + acc.window
    if gone and gone > acc.now and gone < soonest and talked(acc, gone) < acc.limit then soonest = gone end
  end
  return soonest - acc.now
end
local function spent(acc) return acc and talked(acc, acc.now) >= acc.limit end
local function save(acc)
  local life = 0
  for field, value in pairs(acc.changed) do
    if value then redis.call('HSET', acc.key, field, value) else redis.call('HDEL', acc.key, field) end
  end
  for field, value in pairs(acc.fields) do
    local start, len = string.match(field, '^s:(%d+):(%d+)$')
    local ends = start and start + 9 * len or tonumber(string.match(value, ':(%d+)$')) + 9 * acc.len
    life = math.max(life, ends - acc.now)
  end
  if life > 0 then redis.call('PEXPIRE', acc.key, string.format('%.0f', life)) end
end
local function open(acc, token, ttl)
  if not acc then return 0 end
  under_way(acc, token, tonumber(ttl))
  save(acc)
  return left(acc)
end
local function close(acc, token)
  if not acc then return end
  under_way(acc, token, nil)
  save(acc)
end
`

// luaBudget is the account by itself, for a cluster: it opens or charges a talk spurt, or
// closes it where the TTL is 0.
//
// KEYS: account
// ARGV: token, ttl ms, limit ms, window ms
const luaBudget = `
local token, ttl, limit, window = unpack(ARGV)
local acc = account(KEYS[1], now_ms(), limit, window)
if ttl == '0' then
  close(acc, token)
  return {'', 0}
end
if spent(acc) then return {'spent', wait(acc)} end
return {'', open(acc, token, ttl)}
`

// luaRehearseBudget runs each command that the account of a user needs, and changes
// nothing: the field is gone again when the script ends.
//
// KEYS: account
const luaRehearseBudget = `
redis.call('HGETALL', KEYS[1])
redis.call('HSET', KEYS[1], 'rehearsal', '')
redis.call('HDEL', KEYS[1], 'rehearsal')
if redis.call('HGETALL', KEYS[1])[1] == nil then redis.call('PEXPIRE', KEYS[1], 1000) end
return 1
`
