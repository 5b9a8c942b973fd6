package fleetstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/fleet"
)

// luaReport stores a report with the time of the server's clock, keeps the
// heartbeat alive, and says who has reported.
//
// KEYS: report, beat
// ARGV: report, ttl ms, topic, gateway
const luaReport = `
local report, ttl, topic, gateway = unpack(ARGV)
local t = redis.call('TIME')
local now = string.format('%.0f', tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000))
redis.call('HSET', KEYS[1], 'seen', now, 'report', report)
redis.call('SET', KEYS[2], now, 'PX', ttl)
redis.call('PUBLISH', topic, gateway)
return now
`

// PutReport is a gateway's heartbeat, good for ttl; one round trip. The report
// is kept beyond that, for whoever asks when the gateway was seen last.
func (s *Store) PutReport(ctx context.Context, r fleet.Report, ttl time.Duration) error {
	r.V = fleet.ReportVersion
	if err := r.Validate(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if ttl < time.Millisecond {
		return fmt.Errorf("report of gateway %q: TTL is %v, expected a millisecond or more", r.Gateway, ttl)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("report of gateway %q: %w", r.Gateway, err)
	}
	keys := []string{keyReport(r.Gateway), keyBeat(r.Gateway)}
	args := []any{text, ttl.Milliseconds(), topicReports, r.Gateway}
	put := func(run func(ctx context.Context, s goredis.Scripter, keys []string, args ...any) *goredis.Cmd) error {
		p := s.conn.Redis.Pipeline()
		// Each time anew: a set that was lost is whole again after one interval.
		p.SAdd(ctx, keyGateways, r.Gateway)
		run(ctx, p, keys, args...)
		_, err := p.Exec(ctx)
		return err
	}
	if err = put(s.report.EvalSha); goredis.HasErrorPrefix(err, "NOSCRIPT") {
		err = put(s.report.Eval)
	}
	if err != nil {
		return fmt.Errorf("report of gateway %q: %w", r.Gateway, err)
	}
	return nil
}

// ForgetReport forgets a gateway that is no more; false if it was not known. One
// that still reports is known again at once.
func (s *Store) ForgetReport(ctx context.Context, gateway string) (bool, error) {
	p := s.conn.Redis.Pipeline()
	known := p.SRem(ctx, keyGateways, gateway)
	p.Del(ctx, keyReport(gateway))
	p.Del(ctx, keyBeat(gateway))
	if _, err := p.Exec(ctx); err != nil {
		return false, fmt.Errorf("forget gateway %q: %w", gateway, err)
	}
	return known.Val() > 0, nil
}

// Reports are the gateways that ever reported, by ID; two round trips however
// many there are.
func (s *Store) Reports(ctx context.Context) ([]fleet.Sighting, error) {
	gateways, err := s.conn.Redis.SMembers(ctx, keyGateways).Result()
	if err != nil {
		return nil, fmt.Errorf("read gateways: %w", err)
	}
	slices.Sort(gateways)
	return s.ReadReports(ctx, gateways...)
}

// ReadReports are these gateways, but for those that never reported; one round
// trip.
func (s *Store) ReadReports(ctx context.Context, gateways ...string) ([]fleet.Sighting, error) {
	if len(gateways) == 0 {
		return nil, nil
	}
	p := s.conn.Redis.Pipeline()
	reports, beats := make([]*goredis.SliceCmd, len(gateways)), make([]*goredis.IntCmd, len(gateways))
	for i, id := range gateways {
		reports[i] = p.HMGet(ctx, keyReport(id), "seen", "report")
		beats[i] = p.Exists(ctx, keyBeat(id))
	}
	if _, err := p.Exec(ctx); err != nil {
		// One key of a wrong type spoils only its own reading.
		var refusal goredis.Error
		if !errors.As(err, &refusal) {
			return nil, fmt.Errorf("read reports: %w", err)
		}
	}
	all := make([]fleet.Sighting, 0, len(gateways))
	for i, id := range gateways {
		s := sighting(id, reports[i])
		s.Live = beats[i].Val() > 0
		if s.Err != nil || !s.SeenAt.IsZero() {
			all = append(all, s)
		}
	}
	return all, nil
}

// sighting is what a stored report says of a gateway, the zero time of one that
// never reported.
func sighting(id string, stored *goredis.SliceCmd) fleet.Sighting {
	s := fleet.Sighting{Gateway: id, Report: fleet.Report{Gateway: id}}
	if s.Err = stored.Err(); s.Err != nil {
		return s
	}
	seen, _ := stored.Val()[0].(string)
	text, is := stored.Val()[1].(string)
	if !is {
		return s
	}
	ms, err := strconv.ParseInt(seen, 10, 64)
	if err != nil {
		s.Err = fmt.Errorf("seen is %q, expected ms since 1970", seen)
		return s
	}
	s.SeenAt = time.UnixMilli(ms)
	r, err := fleet.ParseReport([]byte(text))
	switch {
	case err != nil:
		s.Err = err
	case r.Gateway != id:
		s.Err = fmt.Errorf("%w: it is of gateway %q", fleet.ErrBadReport, r.Gateway)
	default:
		s.Report = r
	}
	return s
}
