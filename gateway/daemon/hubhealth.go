package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub"
)

// probeTime bounds how long the hub may take to answer its own process: longer
// than it waits for Redis.
const probeTime = 3 * time.Second

// statusNoCertificate is the health of a hub that could not answer over TLS.
const statusNoCertificate = -1

// ServeHub runs a hub until ctx ends, and notifies the service manager of its health.
func ServeHub(ctx context.Context, server *hub.Hub, log *slog.Logger) error {
	health := newHubHealth(server, log)
	return runNotified(ctx, health, health.reload, log, server.Run)
}

// hubHealth is the health of a hub for its service manager: it asks the hub over HTTP, as
// anybody else would.
type hubHealth struct {
	hub    *hub.Hub
	client *http.Client
	log    *slog.Logger
	health int // HTTP status of the last answer, 0 before
}

func newHubHealth(server *hub.Hub, log *slog.Logger) *hubHealth {
	// The certificate is for others to verify.
	trust := &tls.Config{InsecureSkipVerify: true, ServerName: server.Name()} //nolint:gosec // this process asks itself
	return &hubHealth{hub: server, log: log, client: &http.Client{Timeout: probeTime, Transport: &http.Transport{TLSClientConfig: trust}}}
}

func (c *hubHealth) Stalled() []string {
	answer, err := c.client.Get(c.hub.Scheme() + "://" + c.hub.Addr().String() + "/healthz")
	var alert tls.AlertError
	if errors.As(err, &alert) { // it answers, but has no certificate yet
		c.health = statusNoCertificate
		return nil
	}
	if err != nil {
		c.log.Warn("the hub does not answer its own process", "err", err)
		return []string{"http"}
	}
	_ = answer.Body.Close() // the status says it all
	c.health = answer.StatusCode
	return nil
}

func (c *hubHealth) Summary() (onAir bool, words string) {
	switch c.health {
	case 0:
		return false, "starting"
	case statusNoCertificate:
		return false, "waiting for a certificate"
	case http.StatusOK:
		return true, fmt.Sprintf("%d sessions", c.hub.Sessions())
	default:
		return true, fmt.Sprintf("%d sessions, waiting for Redis: nobody can be heard", c.hub.Sessions())
	}
}

// Changed implements subject. A hub reports no changes: it is polled.
func (c *hubHealth) Changed() <-chan struct{} { return nil }

// reload has nothing to do: what a hub is told is on its command line.
func (c *hubHealth) reload() { c.log.Info("a hub has nothing to reload; its flags need a restart") }
