package status

import (
	"cmp"
	"strings"
	"sync/atomic"

	"github.com/talkgate/talkgate/gateway/clock"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/state/floor"
)

// Health is how a port is, for its service manager, its status and its fleet.
type Health struct {
	pulse   func() pulse.Counts
	missing func() string
	clock   *clock.Clock
	first   string       // the channel at the start
	looked  bool         // the first look has nothing to compare with
	moved   pulse.Counts // when everything last did
	status  atomic.Pointer[port.Status]
	news    chan struct{}
}

// NewHealth is the health of a port on channel that has not started. pulse counts the
// turns of its loops, missing names the hardware that it waits for; empty is none.
func NewHealth(channel string, pulse func() pulse.Counts, missing func() string, clock *clock.Clock) *Health {
	return &Health{first: channel, pulse: pulse, missing: missing, clock: clock, news: make(chan struct{}, 1)}
}

// Missing is the hardware that the port waits for, in words; empty is none.
func (h *Health) Missing() string { return h.missing() }

// Latest is the port's latest status; ok is false while there is none.
func (h *Health) Latest() (s port.Status, ok bool) {
	if s := h.status.Load(); s != nil {
		return *s, true
	}
	return port.Status{}, false
}

// Observe receives the port's status.
func (h *Health) Observe(s port.Status) {
	h.status.Store(&s)
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// Forget says that there is no port anymore.
func (h *Health) Forget() {
	h.status.Store(nil)
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// Changed is signaled when Summary may say something else.
func (h *Health) Changed() <-chan struct{} { return h.news }

// Summary says whether the port is on air, and how it is in a few words.
func (h *Health) Summary() (onAir bool, words string) {
	s, ok := h.Latest()
	if !ok {
		if missing := h.Missing(); missing != "" {
			return false, "waiting for hardware: " + missing
		}
		return false, "starting"
	}
	return s.Lamps.Link, portWords(s, h.Channel(), h.clock.Right())
}

// Channel is the one that the port is on; empty where its selector is at none.
func (h *Health) Channel() string {
	if s, ok := h.Latest(); ok {
		return s.Channel
	}
	return h.first
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
	if s.Unguarded {
		words += ", without a guard"
	}
	switch {
	case s.Unheard != "":
		words += ", talking and unheard: " + port.UnheardWords(s.Unheard)
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

// Stalled names the loops that have not moved since Stalled was last empty.
func (h *Health) Stalled() []string {
	now := h.pulse()
	var names []string
	for _, part := range now.Stalled(h.moved) {
		names = append(names, part.String())
	}
	if names == nil || !h.looked {
		h.looked, h.moved = true, now
		return nil
	}
	return names
}
