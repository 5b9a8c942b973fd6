package fleetstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/talkgate/talkgate/state/fleet"
)

// Rollout is how the rollout of an apply stands.
type Rollout struct {
	Version uint64      `json:"version"`
	State   fleet.State `json:"state"`
	// Canaries is how many have to pass, Passed how many have.
	Canaries int `json:"canaries"`
	Passed   int `json:"passed"`
	// Why is why it was halted.
	Why string `json:"why,omitempty"`
	// Outcomes are "passed", or "failed: " and why, by gateway.
	Outcomes map[string]string `json:"outcomes,omitempty"`
}

// luaReportCanary processes how a canary fared. With the last that had to pass the
// rollout is open, with the first that failed it is halted; after that nothing
// changes it.
//
// KEYS: rollout
// ARGV: gateway, passed or failed, why, topic prefix, version
const luaReportCanary = `
local gateway, verdict, why, topic, version = unpack(ARGV)
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'trying' then return state or '' end
local field = 'gateway ' .. gateway
if verdict == 'failed' then
  redis.call('HSET', KEYS[1], field, 'failed: ' .. why, 'state', 'halted', 'why', gateway .. ': ' .. why)
  state = 'halted'
elseif redis.call('HGET', KEYS[1], field) ~= 'passed' then
  redis.call('HSET', KEYS[1], field, 'passed')
  if redis.call('HINCRBY', KEYS[1], 'passed', 1) >= tonumber(redis.call('HGET', KEYS[1], 'canaries')) then
    redis.call('HSET', KEYS[1], 'state', 'open')
    state = 'open'
  end
end
if state ~= 'trying' then
  for scope in string.gmatch(redis.call('HGET', KEYS[1], 'scopes') or '', '[^\n]+') do redis.call('PUBLISH', topic .. scope, version) end
end
return state
`

// ReportCanary says how a canary fared: well, or why not. It may be repeated. It
// returns how the rollout stands then; empty if there is none.
func (s *Store) ReportCanary(ctx context.Context, version uint64, gateway string, failure string) (fleet.State, error) {
	verdict := "passed"
	if failure != "" {
		verdict = "failed"
	}
	state, err := s.canary.Run(ctx, s.conn.Redis, []string{keyRollout(version)}, gateway, verdict, failure, topicFleetPrefix, version).Text()
	if err != nil {
		return "", fmt.Errorf("rollout %d: %w", version, err)
	}
	return fleet.State(state), nil
}

// ReadRollout returns how the rollout of an apply stands; without a state if there
// is none.
func (s *Store) ReadRollout(ctx context.Context, version uint64) (Rollout, error) {
	fields, err := s.conn.Redis.HGetAll(ctx, keyRollout(version)).Result()
	if err != nil {
		return Rollout{}, fmt.Errorf("rollout %d: %w", version, err)
	}
	r := Rollout{Version: version, State: fleet.State(fields["state"]), Why: fields["why"], Outcomes: map[string]string{}}
	r.Canaries, _ = strconv.Atoi(fields["canaries"]) // ours
	r.Passed, _ = strconv.Atoi(fields["passed"])
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if gateway, ok := strings.CutPrefix(field, "gateway "); ok {
			r.Outcomes[gateway] = fields[field]
		}
	}
	return r, nil
}
