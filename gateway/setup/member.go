package setup

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/state/redis/devices"
)

const (
	// siteTime bounds what is asked of the site's Redis at once, readyTime how long a
	// service may take until it is ready.
	siteTime, readyTime = 10 * time.Second, 60 * time.Second
	lookEvery           = 200 * time.Millisecond
	// by is who invites the site's first board, for the audit log.
	by = "talkgate setup"
)

// site does f with the registry of the site's boards, as the hub.
func (p *Plan) site(ctx context.Context, m Machine, f func(context.Context, *devices.Store) error) error {
	return withSite(ctx, m, p.redisURL(), f)
}

func withSite(ctx context.Context, m Machine, url string, f func(context.Context, *devices.Store) error) error {
	state, err := options.OpenRedis(config.Redis{URL: config.URL(url), Username: hubUser, PasswordFile: config.File(m.Path(hubRedisFile))}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer state.Close()
	ctx, cancel := context.WithTimeout(ctx, siteTime)
	defer cancel()
	if err := state.Ping(ctx); err != nil {
		return fmt.Errorf("the site's Redis: %w", err)
	}
	return f(ctx, devices.New(state))
}

// membership makes the board a member of its site: Redis user, talk rights and key.
type membership struct{ p *Plan }

func (c membership) String() string {
	a := c.p.answers
	return fmt.Sprintf("enroll %s: its own user in Redis, and the right to talk on %s", a.User, a.Channel)
}

func (c membership) inForce(ctx context.Context, m Machine) (is bool, err error) {
	if !exists(m, hubRedisFile) {
		return false, nil
	}
	err = c.p.site(ctx, m, func(ctx context.Context, store *devices.Store) error {
		d, err := store.Device(ctx, c.p.answers.User)
		is = err == nil && !d.Revoked() && d.PasswordHash == c.hash() && d.Channels[0] == c.p.answers.Channel
		return nil
	})
	return is && err == nil, ctx.Err()
}

func (c membership) hash() string {
	sum := sha256.Sum256([]byte(c.p.secrets.portRedis))
	return hex.EncodeToString(sum[:])
}

func (c membership) entry(context.Context, Machine, func([]byte) (string, error)) (entry, error) {
	return entry{Kind: kindMember, Name: c.p.answers.User, Redis: c.p.redisURL()}, nil
}

func (c membership) do(ctx context.Context, m Machine) error {
	text, err := os.ReadFile(m.Path(c.p.portFile("key")))
	if err != nil {
		return err
	}
	key, err := enroll.ParseKey(text)
	if err != nil {
		return err
	}
	public := key.Public().(ed25519.PublicKey)
	a := c.p.answers
	return c.p.site(ctx, m, func(ctx context.Context, store *devices.Store) error {
		inv := devices.Invitation{ID: rand.Text(), Code: rand.Text(), UserID: a.User, UserName: a.Name, Role: "GENERAL", Channels: []string{a.Channel}, Replace: true, By: by}
		inv, err := store.Invite(ctx, inv, time.Minute)
		if err != nil {
			return err
		}
		_, err = store.Enroll(ctx, inv.ID, devices.Device{UserID: a.User, UserName: a.Name, Role: inv.Role, Channels: inv.Channels,
			Key: public, KeyID: enroll.KeyID(public), Host: c.p.survey.Host, EnrolledBy: by, PasswordHash: c.hash()})
		return err
	})
}

// leave takes a board out of its site again. Where that Redis is gone, so is the board.
func leave(ctx context.Context, m Machine, e entry) error {
	err := withSite(ctx, m, e.Redis, func(ctx context.Context, store *devices.Store) error {
		if err := store.Revoke(ctx, e.Name, by); err != nil && !errors.Is(err, devices.ErrNoDevice) {
			return err
		}
		return store.Forget(ctx, e.Name)
	})
	if err != nil && exists(m, dataDir("redis")) {
		return err
	}
	return ctx.Err()
}

// newKey is the board's own key, as text.
func newKey() ([]byte, error) {
	key, err := enroll.NewKey()
	if err != nil {
		return nil, err
	}
	return enroll.MarshalKey(key)
}

// until asks ok until it says yes, or ctx or the time ends; what says what is waited for.
func until(ctx context.Context, longest time.Duration, what string, ok func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		err := ok(ctx)
		if err == nil {
			return nil
		}
		pause := time.NewTimer(lookEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
			if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
				return cause
			}
			return fmt.Errorf("%s within %v: %w", what, longest, err)
		case <-pause.C:
		}
	}
}
