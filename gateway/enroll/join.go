package enroll

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// pollEvery is how often a board asks whether it was approved.
	pollEvery = time.Second
	// commitTries is how often a board asks again whether its grant is in force, where
	// an answer was lost.
	commitTries = 5
)

// Errors of Join, for whoever wants to tell them apart. What they are wrapped in says
// what to do.
var (
	ErrNoHub    = errors.New("the hub cannot be reached")
	ErrBadCode  = errors.New("the code is not good")
	ErrVanished = errors.New("the hub vanished while this board was joining")
	ErrDenied   = errors.New("the hub refuses this board")
	ErrPin      = errors.New("the hub is not reached directly")
	ErrNoRedis  = errors.New("Redis cannot be reached from this board") //nolint:staticcheck // a name
)

// Joiner joins a board to a site. The zero value of each optional field is its default.
type Joiner struct {
	// Hub is the hub's URL, Code the invitation's.
	Hub  string
	Code Code
	// Host is the board's own name.
	Host string
	// Key is the board's key.
	Key ed25519.PrivateKey
	// Keep keeps the grant so that only renaming files is left; place then renames, and
	// discard removes what was kept. Nothing is in force on the hub before Keep has
	// succeeded.
	Keep func(Grant) (place func() error, discard func(), err error)
	// OnPending is told once that somebody has to approve the board; optional.
	OnPending func()
}

// Join joins. After an error the board is as it was before, and so is the hub, unless
// the error says otherwise.
func (j *Joiner) Join(ctx context.Context) (Grant, error) {
	client := unpinned()
	defer client.CloseIdleConnections()
	channel, at, err := j.open(ctx, client)
	if err != nil {
		return Grant{}, err
	}
	request := Request{Key: j.Key.Public().(ed25519.PublicKey), Proof: ed25519.Sign(j.Key, channel.proofText()), Host: j.Host, Hub: j.Hub}
	grant, err := j.decided(ctx, client, channel, at, request)
	if err != nil {
		return Grant{}, err
	}
	if err := j.pin(ctx, grant.Hub); err != nil {
		return Grant{}, err
	}
	if err := reach(ctx, grant.Redis.URL); err != nil {
		return Grant{}, err
	}
	place, discard, err := j.Keep(grant)
	if err != nil {
		return Grant{}, fmt.Errorf("the board cannot keep what it was given, so nothing was changed: %w", err)
	}
	request.Commit = true
	if err := j.commit(ctx, client, channel, at, request); err != nil {
		discard()
		return Grant{}, err
	}
	if err := place(); err != nil {
		return Grant{}, fmt.Errorf("the hub has enrolled %s, but the board could not finish: revoke it there ('talkgate devices revoke %s') and join anew: %w",
			grant.UserID, grant.UserID, err)
	}
	return grant, nil
}

// open exchanges keys, and makes sure that the hub knows the code.
func (j *Joiner) open(ctx context.Context, client *http.Client) (*Channel, string, error) {
	e, err := newExchange(true, j.Code)
	if err != nil {
		return nil, "", err
	}
	var started Started
	err = call(ctx, client, j.Hub+JoinPath, Start{ID: j.Code.ID(), Share: e.share}, &started)
	if refused, ok := errors.AsType[*StatusError](err); ok {
		return nil, "", fmt.Errorf("%w: %s says: %s", ErrBadCode, j.Hub, refused.Reason)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w at %s: see that it runs and that the address is right: %w", ErrNoHub, j.Hub, err)
	}
	k, err := e.finish(started.Share)
	if err == nil && len(started.Session) > 64 {
		err = errShare
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w: %s does not speak this protocol: %w", ErrBadCode, j.Hub, err)
	}
	channel, err := newChannel(true, k, started.Session)
	if err != nil {
		return nil, "", err
	}
	if !channel.Confirmed(started.Confirm) {
		return nil, "", fmt.Errorf("%w: it is wrong, or what answers at %s is not the hub that gave it: compare it with what the hub shows (%d attempts in all)",
			ErrBadCode, j.Hub, MaxTries)
	}
	return channel, j.Hub + JoinPath + "/" + started.Session, nil
}

// decided asks until the board is granted or refused.
func (j *Joiner) decided(ctx context.Context, client *http.Client, channel *Channel, at string, request Request) (Grant, error) {
	told := false
	for {
		reply, err := step(ctx, client, channel, at, request)
		switch {
		case err != nil:
			return Grant{}, vanished(err, "ask for a new code and join again; nothing was changed")
		case reply.State == Granted && reply.Grant != nil:
			return *reply.Grant, nil
		case reply.State != Pending:
			return Grant{}, fmt.Errorf("%w: %s", ErrDenied, reply.Reason)
		}
		if !told && j.OnPending != nil {
			j.OnPending()
		}
		told = true
		if err := pause(ctx, pollEvery); err != nil {
			return Grant{}, err
		}
	}
}

// pin connects to the hub once by what the grant says to trust: what answered so far may
// have stood between.
func (j *Joiner) pin(ctx context.Context, hub HubGrant) error {
	client, err := NewClient(hub.CA)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	err = call(ctx, client, hub.URL+"/healthz", nil, nil)
	if _, answered := errors.AsType[*StatusError](err); err != nil && !answered {
		return fmt.Errorf("%w: the code is right, but %s does not show a certificate of the hub's authority, or does not answer; nothing was changed. See whether a proxy or somebody else is between: %w",
			ErrPin, hub.URL, err)
	}
	return nil
}

// reach looks whether the site's Redis can be connected to, before anything is in force. Its
// user is there only afterwards.
func reach(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the hub's grant has no URL of Redis: is the hub of this version?")
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Query().Has("master_name"):
		port = "26379"
	default:
		port = "6379"
	}
	d := net.Dialer{Timeout: requestTime}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("%w at %s; nothing was changed. Let it listen there ('bind' in redis.conf), or tell the hub how boards reach it (--board-redis): %w",
			ErrNoRedis, net.JoinHostPort(u.Hostname(), port), err)
	}
	return conn.Close()
}

// commit puts the grant in force. A lost answer is asked for again, as only the hub
// knows whether it was.
func (j *Joiner) commit(ctx context.Context, client *http.Client, channel *Channel, at string, request Request) error {
	for try := 1; ; try++ {
		reply, err := step(ctx, client, channel, at, request)
		_, refused := errors.AsType[*StatusError](err)
		switch {
		case err == nil && reply.State == Committed:
			return nil
		case err == nil:
			return fmt.Errorf("%w: %s; nothing was changed", ErrDenied, reply.Reason)
		case refused || try == commitTries:
			return vanished(err, "nothing was changed on this board; if 'talkgate devices' on the hub shows it, revoke it there, then ask for a new code")
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

func vanished(err error, do string) error {
	return fmt.Errorf("%w: %s: %w", ErrVanished, do, err)
}

// step sends one request.
func step(ctx context.Context, client *http.Client, channel *Channel, at string, request Request) (reply Reply, err error) {
	box, err := channel.Seal(request)
	if err != nil {
		return reply, err
	}
	var stepped Stepped
	if err := call(ctx, client, at, Step{Confirm: channel.own, Box: box}, &stepped); err != nil {
		return reply, err
	}
	return reply, channel.Open(stepped.Box, &reply)
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
