package redis

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// Client reads and changes what the members of a channel share in Redis: floors, talk
// rights, emergencies, sessions, the audit log and, through its Store, the fleet's
// documents. Its methods may be called from any goroutine.
type Client struct {
	*fleetstore.Store
	conn    *conn.Conn
	scripts scripts
	cluster bool
	audit   *auditor
	actor   string // in whose name it acts; empty is nobody's
}

// Open returns a client. It connects on first use and never fails because Redis is
// away; the error is about the configuration.
func Open(cfg conn.Config) (*Client, error) {
	scripts, store := newScripts(), fleetstore.NewScripts()
	c, err := conn.Open(cfg, append(scripts.all(), store.All()...)...)
	if err != nil {
		return nil, err
	}
	return &Client{Store: fleetstore.New(c, store), conn: c, scripts: scripts, cluster: c.Cluster(), audit: newAuditor(c.Redis, c.Log)}, nil
}

// Close ends the watches and the connections, writes the audit entries still queued,
// and waits for all of it.
func (c *Client) Close() error {
	c.conn.EndWatches()
	c.audit.close()
	return c.conn.Close()
}

// Ping returns an error unless Redis answers.
func (c *Client) Ping(ctx context.Context) error { return c.conn.Ping(ctx) }

// Subscription returns the state of the connection on which the client listens.
func (c *Client) Subscription() conn.Subscription { return c.conn.Subscription() }

// NetworkChanged is to be called when the machine's addresses or routes have changed, or
// may have: connections over an uplink that is gone are made anew.
func (c *Client) NetworkChanged() { c.conn.NetworkChanged() }

// Connections is what the packages beside this one work on. Close closes it.
func (c *Client) Connections() goredis.UniversalClient { return c.conn.Redis }
