package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// ErrClosed is returned by a Client after Close.
var ErrClosed = errors.New("redis client is closed")

// Client is a connection to the Redis that the members of a channel share. Its
// methods may be called from any goroutine.
type Client struct {
	rdb     goredis.UniversalClient
	scripts scripts
	cluster bool
	log     *slog.Logger
	subs    *subscriber
	audit   *auditor
	actor   string // in whose name it acts; empty is nobody's
}

// Open returns a client. It connects on first use and never fails because Redis
// is away; the error is about the configuration.
func Open(cfg Config) (*Client, error) {
	c := newClient(cfg)
	opt, err := cfg.options()
	if err != nil {
		return nil, err
	}
	opt.OnConnect = c.preload
	c.attach(goredis.NewUniversalClient(opt))
	return c, nil
}

func newClient(cfg Config) *Client {
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Client{scripts: newScripts(), log: log}
}

// attach puts a client on its connections.
func (c *Client) attach(rdb goredis.UniversalClient) {
	c.rdb = rdb
	_, c.cluster = rdb.(*goredis.ClusterClient)
	c.subs = newSubscriber(func(ctx context.Context) pubsub { return rdb.Subscribe(ctx) }, c.log)
	c.audit = newAuditor(rdb, c.log)
}

// Close ends the watches and the connections, writes the audit entries still
// queued, and waits for all of it.
func (c *Client) Close() error {
	c.subs.close()
	c.audit.close()
	if err := c.rdb.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// Ping asks Redis for a sign of life.
func (c *Client) Ping(ctx context.Context) error {
	if err := c.rdb.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// Subscription reports how the connection stands on which the client listens.
func (c *Client) Subscription() Subscription { return c.subs.state() }

// preload gives each new connection's server the scripts, so that a press costs
// one round trip even right after a failover. A server that refuses is given
// them with the first press instead.
func (c *Client) preload(ctx context.Context, conn *goredis.Conn) error {
	p := conn.Pipeline()
	for _, s := range c.scripts.all() {
		p.ScriptLoad(ctx, s.source)
	}
	if _, err := p.Exec(ctx); err != nil {
		var refusal goredis.Error
		if !errors.As(err, &refusal) {
			return fmt.Errorf("load scripts: %w", err)
		}
		c.log.Debug("scripts not loaded beforehand", "err", err)
	}
	return nil
}

// Connections is what the packages beside this one work on; Close closes it.
func (c *Client) Connections() goredis.UniversalClient { return c.rdb }
