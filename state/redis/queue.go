package redis

// Queueing members stand in line for a floor that another has, whichever gateway
// they are at. A place is kept by asking again (Acquire with the same Claim) within
// Claim.Wait; whoever does not is forgotten. Only the first in the queue is given a
// free floor of those who queue; a member that does not, a server's or a browser's,
// knows nothing of the queue and takes a free floor as ever.
//
// Two sorted sets a channel, on the lock's slot: places by their order, and by
// when they are forgotten, in ms of Redis's clock.

func keyQueue(channel string) string { return "talkgate:queue:{" + keyLock(channel) + "}" }
func keyQueueSeen(channel string) string {
	return "talkgate:queue:{" + keyLock(channel) + "}:until"
}

// luaQueue keeps the queue.
const luaQueue = `
local function leave(queue, seen, token)
  redis.call('ZREM', queue, token)
  redis.call('ZREM', seen, token)
end
local function first(queue, seen, now)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now)) do leave(queue, seen, gone) end
  return redis.call('ZRANGE', queue, 0, 0)[1]
end
local function stand(queue, seen, token, now, wait)
  if not redis.call('ZSCORE', queue, token) then
    local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')[2]
    redis.call('ZADD', queue, last and tonumber(last) + 1 or 1, token)
  end
  redis.call('ZADD', seen, now + wait, token)
  redis.call('PEXPIRE', queue, wait)
  redis.call('PEXPIRE', seen, wait)
  return redis.call('ZRANK', queue, token) + 1
end
`

// luaAcquireInTurn is luaAcquire for a member that queues. A dispatcher, who takes
// the floor from members without priority, does not stand behind them either.
//
// KEYS: lock, epoch, queue, seen[, rights, banned, ban][, account]
// ARGV: channel, user, prefix, ttl ms, role, topic, event, how long a place is kept in ms, token, budget ms, its window ms
const luaAcquireInTurn = `
local channel, user, prefix, ttl, role, topic, event, kept, token, budget, window = unpack(ARGV)
local queue, seen = KEYS[3], KEYS[4]
local now = now_ms()
local no = forbidden(now, channel, user, KEYS[5], KEYS[6], KEYS[7])
if no then
  leave(queue, seen, token)
  return {no, '', 0}
end
local acc = account(KEYS[#KEYS], now, budget, window)
local old = redis.call('GET', KEYS[1])
if old and string.sub(old, 1, #prefix) == prefix then
  leave(queue, seen, token)
  redis.call('PEXPIRE', KEYS[1], ttl)
  return {'granted', old, 0, '', 0, open(acc, token, ttl)}
end
if spent(acc) then
  leave(queue, seen, token)
  return {'spent', '', 0, '', 0, wait(acc)}
end
local turn = first(queue, seen, now)
local must_wait = turn and turn ~= token and role ~= 'DISPATCH'
if old then
  local ok, holder = pcall(cjson.decode, old)
  local theirs = ok and type(holder) == 'table' and holder.role
  must_wait = role ~= 'DISPATCH' or not (theirs == 'GENERAL' or theirs == 'USER')
end
if must_wait then
  return {'queued', old or '', redis.call('PTTL', KEYS[1]), '', stand(queue, seen, token, now, tonumber(kept))}
end
leave(queue, seen, token)
local epoch = next_epoch(KEYS[2], now)
local value = prefix .. epoch .. '}'
redis.call('SET', KEYS[2], epoch)
redis.call('SET', KEYS[1], value, 'PX', ttl)
redis.call('PUBLISH', topic, event)
return {'granted', value, 0, old or '', 0, open(acc, token, ttl)}
`

// luaReleaseInTurn is luaRelease for a member that queues, whose place goes, too.
//
// KEYS: lock, queue, seen[, account]
// ARGV: prefix, topic, event, token, budget ms, its window ms
const luaReleaseInTurn = `
local prefix, topic, event, token, budget, window = unpack(ARGV)
close(account(KEYS[#KEYS], now_ms(), budget, window), token)
leave(KEYS[2], KEYS[3], token)
local old = redis.call('GET', KEYS[1])
if not old or string.sub(old, 1, #prefix) ~= prefix then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', topic, event)
return 1
`
