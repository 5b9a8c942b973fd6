package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// connectTimeout bounds one attempt from the request to the first media.
	connectTimeout = 10 * time.Second
	// nextTimeout bounds it where there is another hub to try.
	nextTimeout = 3 * time.Second
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
	endpoints []endpoint // by hub, the preferred one first
	connect   connector
	backoff   retry.Backoff
	better    func(ctx context.Context, hub int) <-chan error
	stuck     func() // is called after the hub answered, and no media came
	events    legEvents
	log       *slog.Logger
}

// run connects, and connects again, until ctx ends.
func (l *leg) run(ctx context.Context) {
	for {
		lived, err := l.once(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := l.backoff.Next(err, lived)
		l.log.Warn("no session with the hub", "err", err, "retry_in", wait)
		if !retry.Sleep(ctx, wait) {
			return
		}
	}
}

// once runs one session to its end, on the first hub that gives one: how long it
// stood, and why it ended.
func (l *leg) once(ctx context.Context) (lived time.Duration, err error) {
	for hub := range l.endpoints {
		timeout := connectTimeout
		if hub < len(l.endpoints)-1 {
			timeout = nextTimeout
		}
		lived, err = l.on(ctx, hub, timeout)
		if lived > 0 || ctx.Err() != nil || !unreachable(err) {
			return lived, err
		}
	}
	return 0, err
}

// unreachable reports whether another hub may do better. What a hub refuses,
// others on the same Redis and secret refuse, too.
func unreachable(err error) bool {
	var refused *RefusedError
	return !errors.As(err, &refused) || refused.Status >= http.StatusInternalServerError || refused.Status == http.StatusNotFound
}

func (l *leg) on(ctx context.Context, hub int, timeout time.Duration) (lived time.Duration, err error) {
	var location string
	endpoint := l.endpoints[hub]
	defer func() { endpoint.goodbye(ctx, l.log, location) }()

	s, err := l.dial(ctx, timeout, func(ctx context.Context, offer string) (answer string, err error) {
		answer, location, err = endpoint.post(ctx, offer)
		return answer, err
	})
	if err != nil {
		err = fmt.Errorf("%s: %w", endpoint.url, err)
		if ctx.Err() == nil {
			if location != "" {
				l.stuck()
			}
			l.events.legFails(err)
		}
		return 0, err
	}
	began := time.Now()
	l.log.Info("session with the hub", "url", endpoint.url)
	l.events.legUp()
	watch, stop := context.WithCancel(ctx)
	defer stop()
	select {
	case <-s.Done():
		err = s.Err()
	case err = <-l.better(watch, hub):
		_ = s.Close()
	case <-ctx.Done():
		err = context.Cause(ctx)
		_ = s.Close()
	}
	err = fmt.Errorf("%s: %w", endpoint.url, err)
	l.events.legDown(err)
	return max(1, time.Since(began)), err
}

func (l *leg) dial(ctx context.Context, timeout time.Duration, exchange rtc.Exchange) (session, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return l.connect(ctx, exchange)
}

// goodbye tells the hub that a session is over, however it ended: one the hub
// still believes in would keep the next one out.
func (e endpoint) goodbye(ctx context.Context, log *slog.Logger, location string) {
	if location == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbyeTimeout)
	defer cancel()
	if err := e.delete(ctx, location); err != nil {
		log.Debug("the session was not deleted at the hub", "err", err)
	}
}
