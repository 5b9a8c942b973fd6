package devices

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// MaxDevices and MaxChannels bound the registry.
	MaxDevices, MaxChannels = 4096, 32
	// pollEvery is how often the registry is read beside what is told of it.
	pollEvery = 5 * time.Second
)

// Device is one enrolled board.
type Device struct {
	UserID   string   `json:"userId"`
	UserName string   `json:"userName"`
	Role     string   `json:"role"`
	Channels []string `json:"channels"` // the first is its own
	// Key is its public key (Ed25519), KeyID its short name.
	Key   []byte `json:"key"`
	KeyID string `json:"keyId"`
	// Host is what the board called itself.
	Host       string    `json:"host,omitempty"`
	EnrolledAt time.Time `json:"enrolledAt"`
	EnrolledBy string    `json:"enrolledBy"`
	// PasswordHash is the SHA-256 of its Redis password, in hexadecimal.
	PasswordHash string    `json:"redisPasswordSHA256"`
	RevokedAt    time.Time `json:"revokedAt,omitzero"`
	RevokedBy    string    `json:"revokedBy,omitempty"`
}

// Revoked reports whether the device was revoked.
func (d Device) Revoked() bool { return !d.RevokedAt.IsZero() }

// RedisUser is the name of its Redis user.
func (d Device) RedisUser() string { return redisUserPrefix + d.UserID }

// ErrNoDevice says that there is no such device.
var ErrNoDevice = errors.New("no such device")

// id is what a user or channel may be called: its name becomes part of Redis' access
// rules, where other characters have a meaning.
var id = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}$`)

// CheckIDs says what is wrong with the IDs of an invitation.
func CheckIDs(user string, channels []string) error {
	switch {
	case len(channels) == 0 || len(channels) > MaxChannels:
		return fmt.Errorf("channels: expected 1 to %d, found %d", MaxChannels, len(channels))
	case !id.MatchString(user):
		return fmt.Errorf("user %q: expected up to 100 letters, digits and . _ : @ - only, since it becomes part of Redis' access rules", user)
	}
	for _, channel := range channels {
		if !id.MatchString(channel) {
			return fmt.Errorf("channel %q: expected up to 100 letters, digits and . _ : @ - only, since it becomes part of Redis' access rules", channel)
		}
	}
	return nil
}

// Device reads one device.
func (s *Store) Device(ctx context.Context, userID string) (d Device, err error) {
	ok, err := read(ctx, s.rdb, keyDevices, userID, &d)
	if err == nil && !ok {
		err = fmt.Errorf("%w: %q", ErrNoDevice, userID)
	}
	return d, err
}

// Devices are all devices, revoked ones too, by user.
func (s *Store) Devices(ctx context.Context) ([]Device, error) {
	read, err := all[Device](ctx, s.rdb, keyDevices)
	if err != nil {
		return nil, err
	}
	list := make([]Device, 0, len(read))
	for _, d := range read {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Device) int { return strings.Compare(a.UserID, b.UserID) })
	return list, nil
}

// Revoke takes everything away from a device: its key gets no token any more and its
// sessions end, it may talk nowhere, and its Redis user is gone with its connections. What
// the first step says counts even if a later one fails, and the error says which.
func (s *Store) Revoke(ctx context.Context, userID, by string) error {
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	var d Device
	err = s.change(ctx, func(tx *goredis.Tx) (func(goredis.Pipeliner), error) {
		ok, err := read(ctx, tx, keyDevices, userID, &d)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("%w: %q; 'talkgate devices' lists them", ErrNoDevice, userID)
		case !d.Revoked():
			d.RevokedAt, d.RevokedBy = now, by
		}
		return func(p goredis.Pipeliner) { put(ctx, p, keyDevices, userID, d) }, nil
	}, keyDevices)
	if err != nil {
		return err
	}
	s.note(by, ActionRevoked, userID, map[string]any{"keyId": d.KeyID})
	err = s.rdb.Publish(ctx, topicChanged, userID).Err()
	if _, e := s.client.By(by).SetRights(ctx, userID); e != nil {
		err = errors.Join(err, fmt.Errorf("%s gets no token any more, but keeps its talk rights ('talkgate rights revoke %s'): %w", userID, userID, e))
	}
	if e := s.deleteUser(ctx, d); e != nil {
		err = errors.Join(err, fmt.Errorf("%s gets no token any more, but keeps its Redis user until a hub that may remove it does: %w", userID, e))
	}
	return err
}

// Forget removes a revoked device from the list.
func (s *Store) Forget(ctx context.Context, userID string) error {
	return s.change(ctx, func(tx *goredis.Tx) (func(goredis.Pipeliner), error) {
		var d Device
		ok, err := read(ctx, tx, keyDevices, userID, &d)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("%w: %q", ErrNoDevice, userID)
		case !d.Revoked():
			return nil, fmt.Errorf("%s is still enrolled: revoke it first ('talkgate devices revoke %s')", userID, userID)
		}
		return func(p goredis.Pipeliner) { p.HDel(ctx, keyDevices, userID) }, nil
	}, keyDevices)
}

// Watch calls f with all devices at once, after every change, and every few seconds, until
// ctx ends. An error says that the list could not be read.
func (s *Store) Watch(ctx context.Context, f func([]Device, error)) {
	changes := s.rdb.Subscribe(ctx, topicChanged)
	defer changes.Close()
	told := changes.ChannelWithSubscriptions()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		f(s.Devices(ctx))
		select {
		case <-ctx.Done():
			return
		case <-told:
		case <-ticker.C:
		}
	}
}
