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
	// pollEvery is how often the link checks what it can know without the server.
	pollEvery = 2 * time.Second
	// pollTimeout bounds each check.
	pollTimeout = time.Second
)

// The link does not try a login that must fail: the server counts failures for all
// users behind one IP address. Redis shows whether the user is banned; the token shows
// when it expires.

// ready waits until a login may succeed and returns the token for it. refused is the
// token that the server refused last, or empty.
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
				retry.Sleep(ctx, rand.N(pollEvery)) // a fleet was unbanned, or got its tokens
			}
			return token, err
		}
		if fault != said {
			said = fault
			l.log.Warn("the VoicePing server is not asked", "err", err, "url", l.cfg.URL)
			ev.LinkDown(err)
		}
		if !retry.Sleep(ctx, pollEvery) {
			return "", context.Cause(ctx)
		}
	}
}

// tokenFor gets the token. An expired token is an error.
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

// barred returns why the user may not join the channel, as Redis shows it; nil if it
// may or if Redis does not answer.
func (l *Link) barred(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
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
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	r, err := l.cfg.State.ReadRights(ctx, l.cfg.UserID)
	return err == nil && r.Known && r.Banned
}

func (l *Link) mayJoin(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	r, err := l.cfg.State.ReadRights(ctx, l.cfg.UserID)
	return err == nil && r.MayTalk(l.cfg.Channel)
}

// obstacle returns a function that reports whether the cause of err still exists, or
// nil where the link cannot check that. A wait may end when the cause is gone.
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

// waitWhile waits for d, until ctx ends, or until stands returns false. A nil stands
// never ends the wait.
func (l *Link) waitWhile(ctx context.Context, d time.Duration, stands func() bool) {
	if stands == nil {
		retry.Sleep(ctx, d)
		return
	}
	over := time.NewTimer(d)
	defer over.Stop()
	look := time.NewTicker(pollEvery)
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
