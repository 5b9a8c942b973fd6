package hub

import (
	"slices"
	"sync"
	"sync/atomic"
)

// relays are where else the channels of a hub are heard, by channel.
type relays struct {
	mu sync.Mutex
	of map[string]*relay
}

// relay is where else one channel is heard: on all of its event, in an emergency.
type relay struct {
	uses int // guarded by the relays' lock
	taps atomic.Pointer[[]*tap]
}

// tap is a channel on which an emergency is heard that is spoken on another.
type tap struct {
	channel string // where it is heard
	home    string // where it is spoken
	fwd     *forwarder
	// guest stands for whoever speaks. What may be heard of it is decided as for
	// every member, by this channel's own view of the floor.
	guest *source
}

func newRelays() *relays { return &relays{of: map[string]*relay{}} }

// use returns the relay of a channel; release must follow.
func (r *relays) use(channel string) *relay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used(channel)
}

func (r *relays) used(channel string) *relay {
	one := r.of[channel]
	if one == nil {
		one = new(relay)
		r.of[channel] = one
	}
	one.uses++
	return one
}

func (r *relays) release(channel string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unused(channel)
}

func (r *relays) unused(channel string) {
	if one := r.of[channel]; one.uses > 1 {
		one.uses--
		return
	}
	delete(r.of, channel)
}

func (r *relays) connect(t *tap) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.used(t.home)
	taps := append(slices.Clone(one.all()), t)
	one.taps.Store(&taps)
}

func (r *relays) disconnect(t *tap) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.of[t.home]
	taps := slices.DeleteFunc(slices.Clone(one.all()), func(other *tap) bool { return other == t })
	one.taps.Store(&taps)
	r.unused(t.home)
}

func (r *relay) all() []*tap {
	if taps := r.taps.Load(); taps != nil {
		return *taps
	}
	return nil
}

// heardOn is on how many other channels one is heard now.
func (r *relays) heardOn(channel string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.of[channel]; one != nil {
		return len(one.all())
	}
	return 0
}

// pass hands a packet that went out to the other channels on which its sender
// speaks.
func (r *relay) pass(out *outgoing) {
	for _, t := range r.all() {
		if t.guest.userID == out.from.userID && out.from.reaches(t.channel) {
			t.fwd.receive(t.guest, &out.Packet)
		}
	}
}
