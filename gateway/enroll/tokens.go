package enroll

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	// renewAt is the part of a token's life after which it is renewed, jitter how much
	// earlier it may be: ports that started together do not renew together.
	renewAt, jitter = 0.66, 0.2
	// tokenMargin is how long a token has to be good for to be used.
	tokenMargin = 10 * time.Second
	// retryFirst and retryLongest bound the waits after a renewal that failed.
	retryFirst, retryLongest = 2 * time.Second, time.Minute
)

// Challenge is what a device has to sign. It is good once and for a minute.
type Challenge struct {
	Challenge string `json:"challenge"`
}

// Signed is a signed challenge.
type Signed struct {
	UserID    string `json:"userId"`
	Challenge string `json:"challenge"`
	Signature []byte `json:"signature"`
}

// Access is the hub's answer to it. ExpiresIn is in seconds.
type Access struct {
	Token     string `json:"access_token"`
	ExpiresIn int64  `json:"expires_in"`
}

// Verify reports whether the holder of key signed it.
func (s Signed) Verify(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, signedText(s.UserID, s.Challenge), s.Signature)
}

func signedText(userID, challenge string) []byte {
	return []byte("talkgate token 1\n" + userID + "\n" + challenge)
}

// TokensConfig is what Tokens are made of. All but Logger are required.
type TokensConfig struct {
	// Hubs are the URLs of the hubs; the others are asked where the first cannot be reached.
	Hubs   []string
	Client *http.Client
	UserID string
	// Key reads the device's key. It is read anew for each token.
	Key    func() (ed25519.PrivateKey, error)
	Logger *slog.Logger
}

// Tokens gets access tokens with a device's key, and renews them while Run runs. It is
// safe for use by several goroutines.
type Tokens struct {
	cfg TokensConfig

	asking chan struct{} // held by who asks the hub

	mu     sync.Mutex
	token  string
	until  time.Time // by the monotonic clock: a board may not know the time
	renew  time.Time
	failed error // of the last attempt
}

// NewTokens returns Tokens that have none yet.
func NewTokens(cfg TokensConfig) *Tokens {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Tokens{cfg: cfg, asking: make(chan struct{}, 1)}
}

// Token is a token that is good for a while; it is got from the hub if there is none.
// The error of a hub that refuses is a *StatusError.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	if token := t.current(tokenMargin); token != "" {
		return token, nil
	}
	return t.ask(ctx, tokenMargin)
}

// Until is when the token in use ends, zero without one, and why it was not renewed, if
// it was not.
func (t *Tokens) Until() (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.until, t.failed
}

// Run renews the token long before it ends, until ctx does. A session that goes on does
// not notice.
func (t *Tokens) Run(ctx context.Context) {
	wait := retryFirst
	for {
		t.mu.Lock()
		due := time.Until(t.renew)
		t.mu.Unlock()
		if due > 0 {
			if pause(ctx, due) != nil {
				return
			}
			continue // a request may have renewed it meanwhile
		}
		_, err := t.ask(ctx, 0)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			wait = retryFirst
			continue
		}
		t.cfg.Logger.Warn("the token is not renewed yet", "err", err, "retry_in", wait)
		if pause(ctx, wait+rand.N(wait/2)) != nil {
			return
		}
		wait = min(2*wait, retryLongest)
	}
}

func (t *Tokens) current(margin time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == "" || time.Until(t.until) < margin {
		return ""
	}
	return t.token
}

// ask gets a token. One that somebody else got meanwhile is used where margin is not
// zero.
func (t *Tokens) ask(ctx context.Context, margin time.Duration) (string, error) {
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	if token := t.current(margin); margin > 0 && token != "" {
		return token, nil
	}
	access, err := t.fromAny(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed = err; err != nil {
		return "", err
	}
	life := time.Duration(access.ExpiresIn) * time.Second
	now := time.Now()
	t.token, t.until = access.Token, now.Add(life)
	t.renew = now.Add(time.Duration(float64(life) * (renewAt - rand.Float64()*jitter)))
	return t.token, nil
}

// fromAny asks one hub after the other. What one refuses the others refuse, too.
func (t *Tokens) fromAny(ctx context.Context) (access Access, err error) {
	key, err := t.cfg.Key()
	if err != nil {
		return access, err
	}
	for _, hub := range t.cfg.Hubs {
		if access, err = t.from(ctx, hub, key); err == nil {
			return access, nil
		}
		if refused, ok := errors.AsType[*StatusError](err); ok && refused.Status < http.StatusInternalServerError {
			break
		}
	}
	return access, fmt.Errorf("token by device key: %w", err)
}

func (t *Tokens) from(ctx context.Context, hub string, key ed25519.PrivateKey) (access Access, err error) {
	var c Challenge
	if err := call(ctx, t.cfg.Client, hub+TokenPath, nil, &c); err != nil {
		return access, err
	}
	signed := Signed{UserID: t.cfg.UserID, Challenge: c.Challenge, Signature: ed25519.Sign(key, signedText(t.cfg.UserID, c.Challenge))}
	if err := call(ctx, t.cfg.Client, hub+TokenPath, signed, &access); err != nil {
		return access, err
	}
	if access.Token == "" || access.ExpiresIn < 1 || access.ExpiresIn > int64((24*time.Hour).Seconds()) {
		return Access{}, errors.New("the hub's answer has no token that is good for up to a day")
	}
	return access, nil
}
