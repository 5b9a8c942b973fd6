package redis

import "github.com/talkgate/talkgate/state/redis/conn"

// scripts are the atomic steps. Every key is declared; keys beyond the lock and
// its epoch are left out on a cluster, where they live on other slots and are
// read beforehand.
type scripts struct {
	acquire, acquireInTurn, renew, release, releaseInTurn, clear, adopt, abandon conn.Script
	acquireEvent, releaseEvent, rehearse, budget, rehearseBudget                 conn.Script
}

func newScripts() scripts {
	return scripts{
		acquire: conn.NewScript(luaForbidden + luaAccount + luaEpoch + luaAcquire),
		renew:   conn.NewScript(luaForbidden + luaAccount + luaRenew),
		release: conn.NewScript(luaForbidden + luaAccount + luaRelease),

		acquireInTurn: conn.NewScript(luaForbidden + luaAccount + luaEpoch + luaQueue + luaAcquireInTurn),
		releaseInTurn: conn.NewScript(luaForbidden + luaAccount + luaQueue + luaReleaseInTurn),

		acquireEvent: conn.NewScript(luaForbidden + luaEpoch + luaAcquireEvent),
		releaseEvent: conn.NewScript(luaReleaseEvent),

		clear:   conn.NewScript(luaClear),
		adopt:   conn.NewScript(luaForbidden + luaAccount + luaEpoch + luaServers + luaAdopt),
		abandon: conn.NewScript(luaForbidden + luaServers + luaAbandon),

		rehearse: conn.NewScript(luaRehearse),

		budget:         conn.NewScript(luaForbidden + luaAccount + luaBudget),
		rehearseBudget: conn.NewScript(luaRehearseBudget),
	}
}

func (s scripts) all() []conn.Script {
	return []conn.Script{s.acquire, s.acquireInTurn, s.renew, s.release, s.releaseInTurn, s.clear, s.adopt, s.abandon,
		s.acquireEvent, s.releaseEvent, s.rehearse, s.budget, s.rehearseBudget}
}

// luaForbidden says why a user may not talk, or nil. Time is the server's, which
// all members share.
const luaForbidden = `
local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local function forbidden(now, channel, user, rights, banned, ban)
  if not rights then return nil end
  local score = redis.call('ZSCORE', banned, user)
  if score and tonumber(score) >= now then return 'banned' end
  if not score and redis.call('EXISTS', ban) == 1 then return 'banned' end
  if redis.call('SISMEMBER', rights, channel) == 0 then return 'no-rights' end
  return nil
end
`

// luaEpoch is the epoch of the next grant: it grows even after the counter was
// lost.
const luaEpoch = `
local function next_epoch(key, now)
  local epoch = now
  local last = redis.call('GET', key)
  if last and string.match(last, '^%d+$') and #last <= 15 and tonumber(last) >= now then
    epoch = tonumber(last) + 1
  end
  return string.format('%.0f', epoch)
end
`

// luaAcquire takes the floor if it is free, or if a dispatcher asks and a member
// without priority holds it; a lock without a role is a server's, whose holder
// would not hear of its end, and is left alone. Asked again for a lock that is
// the caller's already, it says so, which makes the request safe to repeat.
//
// KEYS: lock, epoch[, rights, banned, ban][, account]
// ARGV: channel, user, prefix, ttl ms, role, topic, event, token, budget ms, its window ms
const luaAcquire = `
local channel, user, prefix, ttl, role, topic, event, token, budget, window = unpack(ARGV)
local now = now_ms()
local no = forbidden(now, channel, user, KEYS[3], KEYS[4], KEYS[5])
if no then return {no, '', 0} end
local acc = account(KEYS[#KEYS], now, budget, window)
local old = redis.call('GET', KEYS[1])
if old and string.sub(old, 1, #prefix) == prefix then
  redis.call('PEXPIRE', KEYS[1], ttl)
  return {'granted', old, 0, '', 0, open(acc, token, ttl)}
end
if spent(acc) then return {'spent', '', 0, '', 0, wait(acc)} end
if old then
  local ok, holder = pcall(cjson.decode, old)
  local theirs = ok and type(holder) == 'table' and holder.role
  if role ~= 'DISPATCH' or not (theirs == 'GENERAL' or theirs == 'USER') then
    return {'busy', old, redis.call('PTTL', KEYS[1])}
  end
end
local epoch = next_epoch(KEYS[2], now)
local value = prefix .. epoch .. '}'
redis.call('SET', KEYS[2], epoch)
redis.call('SET', KEYS[1], value, 'PX', ttl)
redis.call('PUBLISH', topic, event)
return {'granted', value, 0, old or '', 0, open(acc, token, ttl)}
`

// luaRenew keeps the caller's own lock for another TTL while the caller may talk.
//
// KEYS: lock[, rights, banned, ban][, account]
// ARGV: channel, user, prefix, ttl ms, token, budget ms, its window ms
const luaRenew = `
local channel, user, prefix, ttl, token, budget, window = unpack(ARGV)
local now = now_ms()
local old = redis.call('GET', KEYS[1])
if not old or string.sub(old, 1, #prefix) ~= prefix then return {'lost', old or ''} end
local no = forbidden(now, channel, user, KEYS[2], KEYS[3], KEYS[4])
if no then return {no, ''} end
local acc = account(KEYS[#KEYS], now, budget, window)
open(acc, token, ttl)
if spent(acc) then return {'spent', '', wait(acc)} end
redis.call('PEXPIRE', KEYS[1], ttl)
return {'held', old}
`

// luaRelease deletes the caller's own lock, and only then tells everybody.
//
// KEYS: lock[, account]
// ARGV: prefix, topic, event, token, budget ms, its window ms
const luaRelease = `
local prefix, topic, event, token, budget, window = unpack(ARGV)
close(account(KEYS[#KEYS], now_ms(), budget, window), token)
local old = redis.call('GET', KEYS[1])
if not old or string.sub(old, 1, #prefix) ~= prefix then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', topic, event)
return 1
`

// luaClear deletes a lock, whosever it is, and returns what it was.
//
// KEYS: lock
// ARGV: topic, event
const luaClear = `
local topic, event = unpack(ARGV)
local old = redis.call('GET', KEYS[1])
if not old then return false end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', topic, event)
return old
`

// luaRehearse runs each command that a press, a renewal and a release need, and changes
// nothing: a lock that is there is only read, one that is not is gone again when the
// script ends. Nobody sees it in between.
//
// KEYS: lock, epoch[, rights, banned, ban]
// ARGV: channel, user, topic, message
const luaRehearse = `
local channel, user, topic, message = unpack(ARGV)
local refused
local function try(command, ...)
  if refused then return false end
  local r = redis.pcall(command, ...)
  if type(r) == 'table' and r.err then
    refused = r.err .. ' (at ' .. command .. ' ' .. (... or '') .. ')'
    return false
  end
  return r
end
local t = try('TIME')
if KEYS[3] then
  try('ZSCORE', KEYS[4], user)
  try('EXISTS', KEYS[5])
  try('SISMEMBER', KEYS[3], channel)
end
local old = try('GET', KEYS[1])
try('PTTL', KEYS[1])
if not old and not refused then
  try('SET', KEYS[1], '', 'PX', 1000)
  try('PEXPIRE', KEYS[1], 1000)
  try('DEL', KEYS[1])
end
local epoch = try('GET', KEYS[2])
if not refused then try('SET', KEYS[2], epoch or string.format('%.0f', tonumber(t[1]) * 1000)) end
try('PUBLISH', topic, message)
if refused then return redis.error_reply(refused) end
return 1
`
