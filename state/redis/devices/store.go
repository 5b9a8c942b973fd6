package devices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis"
)

const (
	// The keys share a slot of a cluster, as a commit changes two of them at once.
	keyDevices  = "talkgate:devices:{site}:all"
	keyInvites  = "talkgate:devices:{site}:invitations"
	keyHub      = "talkgate:devices:{site}:hub"
	prefixSpent = "talkgate:devices:{site}:spent:"
	// topicChanged is where it is told that a device was enrolled or revoked.
	topicChanged = "talkgate:devices:changed"

	// maxConflicts bounds how often a change is tried that others come before.
	maxConflicts = 20
)

// Audit log actions of this package.
const (
	ActionInvited  = "device.invited"
	ActionDecided  = "device.decided"
	ActionEnrolled = "device.enrolled"
	ActionRevoked  = "device.revoked"
)

// Store is the registry in Redis.
type Store struct {
	client *redis.Client
	rdb    goredis.UniversalClient
}

// New is the registry behind a client, which stays the one to be closed.
func New(c *redis.Client) *Store { return &Store{client: c, rdb: c.Connections()} }

// now is Redis' own time: hubs and tools need not agree about theirs.
func (s *Store) now(ctx context.Context) (time.Time, error) {
	now, err := s.rdb.Time(ctx).Result()
	if err != nil {
		return now, fmt.Errorf("time of redis: %w", err)
	}
	return now.UTC(), nil
}

// change runs f on what keys hold, and again where somebody else was faster. f reads by tx
// and returns what to write.
func (s *Store) change(ctx context.Context, f func(tx *goredis.Tx) (func(goredis.Pipeliner), error), keys ...string) error {
	for range maxConflicts {
		err := s.rdb.Watch(ctx, func(tx *goredis.Tx) error {
			write, err := f(tx)
			if err != nil {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p goredis.Pipeliner) error { write(p); return nil })
			return err
		}, keys...)
		if !errors.Is(err, goredis.TxFailedErr) {
			return err
		}
	}
	return errors.New("the registry of devices is being changed by too many at once: try again")
}

// read reads one field of a hash into v; ok is false where there is none.
func read(ctx context.Context, from goredis.Cmdable, key, field string, v any) (ok bool, err error) {
	text, err := from.HGet(ctx, key, field).Result()
	if errors.Is(err, goredis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("registry of devices: %w", err)
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return false, fmt.Errorf("registry of devices: %s of %s cannot be read: %w", field, key, err)
	}
	return true, nil
}

// put writes one field of a hash. What is stored here always has a JSON form.
func put(ctx context.Context, p goredis.Pipeliner, key, field string, v any) {
	text, _ := json.Marshal(v)
	p.HSet(ctx, key, field, text)
}

// all reads a hash. What cannot be read is left out.
func all[T any](ctx context.Context, from goredis.Cmdable, key string) (map[string]T, error) {
	fields, err := from.HGetAll(ctx, key).Result()
	if err != nil {
		return nil, fmt.Errorf("registry of devices: %w", err)
	}
	read := make(map[string]T, len(fields))
	for field, text := range fields {
		var v T
		if json.Unmarshal([]byte(text), &v) == nil {
			read[field] = v
		}
	}
	return read, nil
}

// Spend reports whether a challenge is answered for the first time. It is remembered for
// life.
func (s *Store) Spend(ctx context.Context, challenge string, life time.Duration) (bool, error) {
	sum := sha256.Sum256([]byte(challenge))
	first, err := s.rdb.SetNX(ctx, prefixSpent+hex.EncodeToString(sum[:]), 1, life).Result()
	if err != nil {
		return false, fmt.Errorf("challenge: %w", err)
	}
	return first, nil
}

// Hub is what a running hub says of itself, for those who write invitations.
type Hub struct {
	// URL is by which boards reach it; empty if only they know.
	URL string `json:"url"`
}

// PutHub says for life that a hub runs.
func (s *Store) PutHub(ctx context.Context, h Hub, life time.Duration) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := s.rdb.Set(ctx, keyHub, text, life).Err(); err != nil {
		return fmt.Errorf("announce hub: %w", err)
	}
	return nil
}

// RunningHub is a hub that runs; ok is false without one.
func (s *Store) RunningHub(ctx context.Context) (h Hub, ok bool, err error) {
	text, err := s.rdb.Get(ctx, keyHub).Result()
	if errors.Is(err, goredis.Nil) {
		return h, false, nil
	}
	if err != nil {
		return h, false, fmt.Errorf("running hub: %w", err)
	}
	return h, json.Unmarshal([]byte(text), &h) == nil, nil
}

// note writes an entry of the audit log.
func (s *Store) note(actor, action, target string, metadata map[string]any) {
	s.client.Note(redis.AuditEntry{ActorID: actor, Action: action, TargetID: target, Metadata: metadata})
}
