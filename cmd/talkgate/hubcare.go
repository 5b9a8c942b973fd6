package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub"
)

// probeTime bounds how long the hub may take to answer its own process: longer
// than it waits for Redis.
const probeTime = 3 * time.Second

// hubCare is a hub as its service looks after it: it asks the hub for its health
// over HTTP, as anybody else would.
type hubCare struct {
	hub    *hub.Hub
	client *http.Client
	log    *slog.Logger
	health int // HTTP status of the last answer, 0 before
}

func newHubCare(server *hub.Hub, log *slog.Logger) *hubCare {
	return &hubCare{hub: server, log: log, client: &http.Client{Timeout: probeTime}}
}

func (c *hubCare) stalled() []string {
	answer, err := c.client.Get("http://" + c.hub.Addr().String() + "/healthz")
	if err != nil {
		c.log.Warn("the hub does not answer its own process", "err", err)
		return []string{"http"}
	}
	_ = answer.Body.Close() // the status says it all
	c.health = answer.StatusCode
	return nil
}

func (c *hubCare) standing() (onAir bool, words string) {
	switch c.health {
	case 0:
		return false, "starting"
	case http.StatusOK:
		return true, fmt.Sprintf("%d sessions", c.hub.Sessions())
	default:
		return true, fmt.Sprintf("%d sessions, waiting for Redis: nobody can be heard", c.hub.Sessions())
	}
}

// changed is nothing that a hub tells.
func (c *hubCare) changed() <-chan struct{} { return nil }

// reload has nothing to do: what a hub is told is on its command line.
func (c *hubCare) reload() { c.log.Info("a hub has nothing to reload; its flags need a restart") }

// runBeside runs the hub with its service beside it.
func runBeside(ctx context.Context, manager *service, server *hub.Hub, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		manager.run(ctx, newHubCare(server, log))
	}()
	err := server.Run(ctx)
	cancel()
	<-over
	return err
}
