package forward

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Relays are where else the channels of a hub are heard, by channel.
type Relays struct {
	mu sync.Mutex
	of map[string]*Relay
}

// Relay is where else one channel is heard: on all of its event, in an emergency.
type Relay struct {
	uses   int // guarded by the relays' lock
	routes atomic.Pointer[[]*Route]
}

// Route is a channel on which an emergency is heard that is spoken on another.
type Route struct {
	Channel   string // where it is heard
	Home      string // where it is spoken
	Forwarder *Forwarder
	// Guest stands for whoever speaks. What may be heard of it is decided as for
	// every member, by this channel's own view of the floor.
	Guest *Source
}

// NewRelays returns relays of no channel.
func NewRelays() *Relays { return &Relays{of: map[string]*Relay{}} }

// Use returns the relay of a channel; release must follow.
func (r *Relays) Use(channel string) *Relay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used(channel)
}

func (r *Relays) used(channel string) *Relay {
	one := r.of[channel]
	if one == nil {
		one = new(Relay)
		r.of[channel] = one
	}
	one.uses++
	return one
}

// Release undoes one Use.
func (r *Relays) Release(channel string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unused(channel)
}

func (r *Relays) unused(channel string) {
	if one := r.of[channel]; one.uses > 1 {
		one.uses--
		return
	}
	delete(r.of, channel)
}

// Connect lets the channel's relay forward what a guest says.
func (r *Relays) Connect(t *Route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.used(t.Home)
	routes := append(slices.Clone(one.All()), t)
	one.routes.Store(&routes)
}

// Disconnect undoes Connect.
func (r *Relays) Disconnect(t *Route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.of[t.Home]
	routes := slices.DeleteFunc(slices.Clone(one.All()), func(other *Route) bool { return other == t })
	one.routes.Store(&routes)
	r.unused(t.Home)
}

// All are the routes of the relay.
func (r *Relay) All() []*Route {
	if routes := r.routes.Load(); routes != nil {
		return *routes
	}
	return nil
}

// HeardOn is on how many other channels one is heard now.
func (r *Relays) HeardOn(channel string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.of[channel]; one != nil {
		return len(one.All())
	}
	return 0
}

// pass hands a packet that went out to the other channels on which its sender
// speaks.
func (r *Relay) pass(out *Outgoing) {
	for _, t := range r.All() {
		if t.Guest.UserID == out.From.UserID && out.From.Reaches(t.Channel) {
			t.Forwarder.Receive(t.Guest, &out.Packet)
		}
	}
}
