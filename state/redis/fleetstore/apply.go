package fleetstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
)

// ErrConflict says that somebody else changed the fleet's documents
// meanwhile: look at what there is now, and decide anew.
var ErrConflict = errors.New("the fleet's documents were changed meanwhile")

// Apply is one change of a fleet's documents.
type Apply struct {
	// Version is that of all its documents, and higher than any before.
	Version uint64    `json:"version"`
	Author  string    `json:"author"`
	Time    time.Time `json:"time"`
	Reason  string    `json:"reason"`
	// Undoes is the version of the apply that is taken back, with all after it.
	Undoes uint64 `json:"undoes,omitempty"`
	// Rollout is that of the documents; nil is none.
	Rollout *fleet.Rollout `json:"rollout,omitempty"`
	Scopes  []fleet.Scope  `json:"scopes"`
	// Changes are the documents by scope, in the order of Scopes. History does
	// not have them.
	Changes []Change `json:"-"`
}

// Change is a document in place of another.
type Change struct {
	// Old is what is replaced, just as it was read; empty is none.
	Old, New fleet.Envelope
}

// historyLimit is how many applies are remembered, and can be taken back.
const historyLimit = 100

// luaApply puts documents in the place of others, all or none: not if one of
// them is no longer what the operator saw, nor if the version is used. What
// counted before becomes the settled one, and is kept to be gone back to. A
// rollout that is still being tried ends with the first of its documents that is
// replaced.
//
// KEYS: desired, settled, undo, history, head, rollout, and for each document the
// rollout of the one that it replaces
// ARGV: version, record, how many records are kept, canaries, topic prefix, and for
// each document its scope, the old one, the new one, whether the old one has a
// rollout
const luaApply = `
local version, record, limit, canaries, topic = unpack(ARGV, 1, 5)
local head = redis.call('GET', KEYS[5])
if head and tonumber(head) >= tonumber(version) then return {'version', head} end
local changes = {}
for i = 6, #ARGV, 4 do
  local c = {scope = ARGV[i], old = ARGV[i + 1], new = ARGV[i + 2], tried = ARGV[i + 3] == '1', rollout = KEYS[7 + #changes]}
  if (redis.call('HGET', KEYS[1], c.scope) or '') ~= c.old then return {'conflict', c.scope} end
  changes[#changes + 1] = c
end
local told, scopes = {}, {}
for i, c in ipairs(changes) do
  scopes[i], told[c.scope] = c.scope, true
  local before = c.old
  if c.tried then
    local state = redis.call('HGET', c.rollout, 'state')
    if state ~= 'open' then before = redis.call('HGET', KEYS[2], c.scope) or '' end
    if state == 'trying' then
      redis.call('HSET', c.rollout, 'state', 'halted', 'why', 'version ' .. version .. ' came before it was open')
      for scope in string.gmatch(redis.call('HGET', c.rollout, 'scopes') or '', '[^\n]+') do told[scope] = true end
    end
    if redis.call('HINCRBY', c.rollout, 'refs', -1) <= 0 then redis.call('EXPIRE', c.rollout, 2592000) end
  end
  redis.call('HSET', KEYS[3], version .. ' ' .. c.scope, before)
  if before == '' then redis.call('HDEL', KEYS[2], c.scope) else redis.call('HSET', KEYS[2], c.scope, before) end
  redis.call('HSET', KEYS[1], c.scope, c.new)
end
if tonumber(canaries) > 0 then
  redis.call('HSET', KEYS[6], 'state', 'trying', 'canaries', canaries, 'passed', 0, 'refs', #scopes, 'scopes', table.concat(scopes, '\n'))
end
redis.call('SET', KEYS[5], version)
redis.call('LPUSH', KEYS[4], record)
while redis.call('LLEN', KEYS[4]) > tonumber(limit) do
  local ok, gone = pcall(cjson.decode, redis.call('RPOP', KEYS[4]))
  if ok and type(gone) == 'table' and type(gone.scopes) == 'table' then
    for _, scope in ipairs(gone.scopes) do redis.call('HDEL', KEYS[3], string.format('%.0f', gone.version) .. ' ' .. scope) end
  end
end
for scope in pairs(told) do redis.call('PUBLISH', topic .. scope, version) end
return {'applied', version}
`

// ApplyFleet stores an apply and tells the gateways that it is for. The error wraps
// ErrConflict when somebody else was faster; nothing is changed then.
func (s *Store) ApplyFleet(ctx context.Context, a Apply) error {
	record, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("apply %d: %w", a.Version, err)
	}
	canaries := 0
	if a.Rollout != nil {
		canaries = a.Rollout.Canaries
	}
	keys := []string{keyDesired, keySettled, keyUndo, keyHistory, keyHead, keyRollout(a.Version)}
	args := []any{a.Version, record, historyLimit, canaries, topicFleetPrefix}
	for i, change := range a.Changes {
		rollout, tried := uint64(0), ""
		if d, _, err := change.Old.Peek(); change.Old != "" && err == nil && d.Rollout != nil {
			rollout, tried = d.Version, "1"
		}
		keys = append(keys, keyRollout(rollout))
		args = append(args, string(a.Scopes[i]), string(change.Old), string(change.New), tried)
	}
	answer, err := s.apply.Run(ctx, s.conn.Redis, keys, args...).StringSlice()
	switch {
	case err != nil:
		return fmt.Errorf("apply %d: %w", a.Version, err)
	case len(answer) == 2 && answer[0] == "applied":
		return nil
	case len(answer) == 2 && answer[0] == "conflict":
		return fmt.Errorf("%w: %s is no longer what it was", ErrConflict, answer[1])
	}
	return fmt.Errorf("%w: %v", ErrConflict, answer)
}

// FleetHistory returns the newest applies, the newest first.
func (s *Store) FleetHistory(ctx context.Context, limit int) ([]Apply, error) {
	lines, err := s.conn.Redis.LRange(ctx, keyHistory, 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fmt.Errorf("read the fleet's history: %w", err)
	}
	var applies []Apply
	for _, line := range lines {
		var a Apply
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return nil, fmt.Errorf("read the fleet's history: %w", err)
		}
		applies = append(applies, a)
	}
	return applies, nil
}

// FleetBefore returns what counted in the scopes of an apply before it; empty is
// nothing.
func (s *Store) FleetBefore(ctx context.Context, a Apply) (map[fleet.Scope]fleet.Envelope, error) {
	fields := make([]string, len(a.Scopes))
	for i, scope := range a.Scopes {
		fields[i] = fmt.Sprint(a.Version, " ", scope)
	}
	values, err := s.conn.Redis.HMGet(ctx, keyUndo, fields...).Result()
	if err != nil {
		return nil, fmt.Errorf("read what was before apply %d: %w", a.Version, err)
	}
	before := map[fleet.Scope]fleet.Envelope{}
	for i, v := range values {
		text, kept := v.(string)
		if !kept {
			return nil, fmt.Errorf("what was before apply %d in %s is no longer kept", a.Version, a.Scopes[i])
		}
		before[a.Scopes[i]] = fleet.Envelope(text)
	}
	return before, nil
}
