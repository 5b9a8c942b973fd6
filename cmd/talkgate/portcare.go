package main

import (
	"cmp"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/floor"
)

// portCare is a port as its service looks after it.
type portCare struct {
	pulse  func() port.Pulse
	load   func() (config.Config, error)
	tuner  *tuner
	clock  *clock
	log    *slog.Logger
	cfg    config.Config
	looked bool       // the first look has nothing to compare with
	moved  port.Pulse // when everything last did
	status atomic.Pointer[port.Status]
	news   chan struct{}
}

// observe takes in what the port tells of itself.
func (c *portCare) observe(s port.Status) {
	c.status.Store(&s)
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *portCare) changed() <-chan struct{} { return c.news }

func (c *portCare) standing() (onAir bool, words string) {
	s := c.status.Load()
	if s == nil {
		if missing := c.tuner.heart.missing(); missing != "" {
			return false, "waiting for hardware: " + missing
		}
		return false, "starting"
	}
	return s.Lamps.Link, portWords(*s, c.channel(), c.clock.right())
}

// channel is the one that the port is on; empty where its selector is at none.
func (c *portCare) channel() string {
	if s := c.status.Load(); s != nil {
		return s.Channel
	}
	return c.cfg.Channel
}

// portWords is what 'systemctl status' shows.
func portWords(s port.Status, channel string, clockRight bool) string {
	var missing []string
	for _, part := range []struct {
		there bool
		name  string
	}{
		{clockRight, "the right time"},
		{s.Redis, "Redis"},
		{s.Floor.Link, linkWords(s.Link)},
		{s.Floor.Rights, "talk rights"},
	} {
		if !part.there {
			missing = append(missing, part.name)
		}
	}
	if missing != nil {
		return "on channel " + channel + ", waiting for " + strings.Join(missing, ", ")
	}
	words := "on air on channel " + channel
	if s.Looped {
		words += ", but for its radio: what the channel says comes back by it"
	}
	switch {
	case s.Floor.Phase == floor.Talking:
		words += ", talking"
	case s.Floor.Phase == floor.Waiting:
		words += ", " + port.Why(s.Floor)
	case s.Emergency:
		words += ", emergency by " + cmp.Or(s.HolderName, s.Holder)
	case s.Holder != "":
		words += ", in use by " + s.Holder
	}
	return words
}

func linkWords(fault port.LinkFault) string {
	if fault.NeedsSomebody() || fault == port.LinkLimited {
		return "the link (" + strings.ReplaceAll(string(fault), "_", " ") + ")"
	}
	return "the link"
}

func (c *portCare) stalled() []string {
	now := c.pulse()
	var names []string
	for _, part := range now.Stalled(c.moved) {
		names = append(names, part.String())
	}
	if names == nil || !c.looked {
		c.looked, c.moved = true, now
		return nil
	}
	return names
}

// reload takes over what can be changed while the port runs, and says what
// cannot. Files that hold a token or a password are read for each connection, and
// need no reload.
func (c *portCare) reload() {
	cfg, err := c.load()
	if err != nil {
		c.log.Error("configuration is not reloaded; the port goes on with the one it has", "err", err)
		return
	}
	waiting, err := c.tuner.take(cfg)
	if err != nil {
		c.log.Error("configuration is not reloaded; the port goes on with the one it has", "err", err)
		return
	}
	if len(waiting) > 0 {
		c.log.Warn("configuration is reloaded; some changes wait for a restart", "keys", waiting)
		return
	}
	c.log.Info("configuration is reloaded")
}
