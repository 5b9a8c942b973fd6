package voiceping

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/port"
)

const (
	// lookEvery is how often something that can be known without asking the
	// server is looked at.
	lookEvery = 2 * time.Second
	// lookWithin bounds each look.
	lookWithin = time.Second
)

// A login that must fail is not tried: the server counts it against everybody
// behind the same address. Whether the user is banned is in Redis, where the
// server itself looks, and when a token expires is in the token.

// ready waits until a login may succeed, and returns the token to try it with.
// refused is the token that the server does not take any more, or empty.
func (l *Link) ready(ctx context.Context, refused string, ev port.LinkEvents) (token string, err error) {
	said := port.NoFault
	for {
		if token, err = l.tokenFor(ctx, refused); err == nil {
			err = l.barred(ctx)
		}
		var fault port.LinkFault
		errors.As(err, &fault)
		switch fault {
		case port.LinkBanned, port.LinkNoMember, port.LinkTokenExpired:
		default:
			if said != port.NoFault {
				retry.Sleep(ctx, rand.N(lookEvery)) // a fleet was unbanned, or got its tokens
			}
			return token, err
		}
		if fault != said {
			said = fault
			l.log.Warn("the VoicePing server is not asked", "err", err, "url", l.cfg.URL)
			ev.LinkDown(err)
		}
		if !retry.Sleep(ctx, lookEvery) {
			return "", context.Cause(ctx)
		}
	}
}

// tokenFor asks for the token. One that says it has expired is an error.
func (l *Link) tokenFor(ctx context.Context, refused string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	token, err := l.cfg.Token(ctx, refused)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	if until, err := expiry(token); err == nil && !time.Now().Before(until) {
		return "", fmt.Errorf("%w at %s: renew it", port.LinkTokenExpired, until.UTC().Format(time.RFC3339))
	}
	return token, nil
}

// barred is why Redis says that the user may not be on the channel, nil if it does
// not say so.
func (l *Link) barred(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	r, err := l.cfg.State.ReadRights(ctx, l.cfg.UserID)
	if err == nil {
		l.rights.Store(&r) // newer than what the watch has: nobody publishes the end of a ban
	}
	switch {
	case err != nil || !r.Known || r.MayTalk(l.cfg.Channel):
		return nil
	case r.Banned:
		return fmt.Errorf("%w, as Redis tells: ask a dispatcher", port.LinkBanned)
	}
	return fmt.Errorf("%w: Redis gives user %q no rights on channel %q", port.LinkNoMember, l.cfg.UserID, l.cfg.Channel)
}

func (l *Link) banned(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	r, err := l.cfg.State.ReadRights(ctx, l.cfg.UserID)
	return err == nil && r.Known && r.Banned
}

func (l *Link) mayJoin(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	r, err := l.cfg.State.ReadRights(ctx, l.cfg.UserID)
	return err == nil && r.MayTalk(l.cfg.Channel)
}

// obstacle is what stands in the way after err, if it can be seen to go. The
// wait need not be longer than it stands.
func (l *Link) obstacle(ctx context.Context, token string, err error) (stands func() bool) {
	switch {
	case errors.Is(err, port.LinkBanned) && l.banned(ctx):
		return func() bool { return l.banned(ctx) }
	case errors.Is(err, port.LinkNoMember) && !l.mayJoin(ctx):
		return func() bool { return !l.mayJoin(ctx) }
	case errors.Is(err, port.LinkTokenRefused) && token != "":
		return func() bool {
			now, err := l.tokenFor(ctx, "")
			return err != nil || now == token
		}
	}
	return nil
}

// waitWhile waits for d or until ctx ends, and no longer than stands is true. A
// nil stands is always true.
func (l *Link) waitWhile(ctx context.Context, d time.Duration, stands func() bool) {
	if stands == nil {
		retry.Sleep(ctx, d)
		return
	}
	over := time.NewTimer(d)
	defer over.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-over.C:
			return
		case <-ctx.Done():
			return
		case <-look.C:
			if !stands() {
				return
			}
		}
	}
}
