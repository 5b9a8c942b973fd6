// Package conn is the connection to Redis: one server, Sentinels or a Cluster, with TLS
// and an ACL user, and one subscription that all watches share.
package conn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// ErrClosed is returned by a Conn after Close.
var ErrClosed = errors.New("redis client is closed")

// Conn is a connection to Redis. Its methods may be called from any goroutine.
type Conn struct {
	// Redis runs commands.
	Redis goredis.UniversalClient
	Log   *slog.Logger

	scripts []Script
	subs    *subscriber
	made    made
}

// Open returns a connection. It dials on first use, so it never fails because Redis is
// away; the error is about the configuration. Each server that Open's connection meets
// is given the scripts before its first command.
func Open(cfg Config, scripts ...Script) (*Conn, error) {
	opt, err := cfg.options()
	if err != nil {
		return nil, err
	}
	return open(cfg, opt, scripts), nil
}

func open(cfg Config, opt *goredis.UniversalOptions, scripts []Script) *Conn {
	c := &Conn{Log: cfg.Logger, scripts: scripts}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	opt.OnConnect = c.preload
	opt.Dialer = c.made.note(opt.Dialer)
	c.Redis = goredis.NewUniversalClient(opt)
	c.subs = newSubscriber(func(ctx context.Context) pubsub { return c.Redis.Subscribe(ctx) }, c.Log)
	return c
}

// Cluster reports whether Redis is a Cluster, in which a script reaches the keys of one
// slot only.
func (c *Conn) Cluster() bool {
	_, is := c.Redis.(*goredis.ClusterClient)
	return is
}

// EndWatches ends the subscription: every feed is silent from then on.
func (c *Conn) EndWatches() { c.subs.close() }

// Close ends the subscription and the connections, and waits for both.
func (c *Conn) Close() error {
	c.subs.close()
	if err := c.Redis.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// Ping returns an error unless Redis answers.
func (c *Conn) Ping(ctx context.Context) error {
	if err := c.Redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// Subscription returns the state of the subscription.
func (c *Conn) Subscription() Subscription { return c.subs.state() }

// Listen subscribes to topics until the feed is closed.
func (c *Conn) Listen(topics ...string) (*Feed, error) { return c.subs.listen(topics...) }

// Refresh puts a fresh note into every feed of a topic, so that its watches read what
// is stored.
func (c *Conn) Refresh(topic string) { c.subs.refresh(topic) }

// preload gives each new connection's server the scripts, so that a press costs one
// round trip even right after a failover. A server that refuses them gets each with its
// first use.
func (c *Conn) preload(ctx context.Context, conn *goredis.Conn) error {
	if len(c.scripts) == 0 {
		return nil
	}
	p := conn.Pipeline()
	for _, s := range c.scripts {
		p.ScriptLoad(ctx, s.source)
	}
	if _, err := p.Exec(ctx); err != nil {
		var refusal goredis.Error
		if !errors.As(err, &refusal) {
			return fmt.Errorf("load scripts: %w", err)
		}
		c.Log.Debug("scripts not loaded beforehand", "err", err)
	}
	return nil
}
