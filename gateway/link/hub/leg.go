package hub

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// connectTimeout bounds one attempt from the request to the first media.
	connectTimeout = 10 * time.Second
	// goodbyeTimeout bounds the DELETE of a session.
	goodbyeTimeout = time.Second
)

// session is what a leg keeps.
type session interface {
	Done() <-chan struct{}
	Err() error
	Close() error
}

// connector opens a session; exchange carries its offer to the hub.
type connector func(ctx context.Context, exchange rtc.Exchange) (session, error)

// leg keeps one session with the hub.
type leg struct {
	endpoint endpoint
	connect  connector
	backoff  retry.Backoff
	up       standing
	log      *slog.Logger
}

// run connects, and connects again, until ctx ends.
func (l *leg) run(ctx context.Context) {
	for {
		lived, err := l.once(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := l.backoff.Next(err, lived)
		l.log.Warn("no session with the hub", "err", err, "url", l.endpoint.url, "retry_in", wait)
		if !retry.Sleep(ctx, wait) {
			return
		}
	}
}

// once runs one session to its end: how long it stood, and why it ended.
func (l *leg) once(ctx context.Context) (lived time.Duration, err error) {
	var location string
	defer func() { l.goodbye(ctx, location) }()

	s, err := l.dial(ctx, func(ctx context.Context, offer string) (answer string, err error) {
		answer, location, err = l.endpoint.post(ctx, offer)
		return answer, err
	})
	if err != nil {
		if ctx.Err() == nil {
			l.up.legFails(fmt.Errorf("%s: %w", l.endpoint.url, err))
		}
		return 0, err
	}
	began := time.Now()
	l.log.Info("session with the hub", "url", l.endpoint.url)
	l.up.legUp()
	select {
	case <-s.Done():
		err = s.Err()
	case <-ctx.Done():
		err = context.Cause(ctx)
		_ = s.Close()
	}
	l.up.legDown(fmt.Errorf("%s: %w", l.endpoint.url, err))
	return time.Since(began), err
}

func (l *leg) dial(ctx context.Context, exchange rtc.Exchange) (session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return l.connect(ctx, exchange)
}

// goodbye tells the hub that a session is over, however it ended: one the hub
// still believes in would keep the next one out.
func (l *leg) goodbye(ctx context.Context, location string) {
	if location == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbyeTimeout)
	defer cancel()
	if err := l.endpoint.delete(ctx, location); err != nil {
		l.log.Debug("the session was not deleted at the hub", "err", err)
	}
}
