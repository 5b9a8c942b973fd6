package redis

import "sync"

// note is one thing a feed tells, in order.
type note struct {
	// fresh says that the subscription now stands: read what is stored, for
	// what was published before is gone. It comes again after every gap.
	fresh bool
	// down says that the subscription is lost, and why.
	down error
	// topic and payload are a message; topic is empty otherwise.
	topic, payload string
}

// feedLimit is how many notes wait for a slow reader; beyond it all are dropped
// for one that says so.
const feedLimit = 4096

// feed is one watcher's share of the client's subscription.
type feed struct {
	topics []string
	// wake has room for one and is full while notes wait.
	wake chan struct{}

	mu    sync.Mutex
	notes []note
}

func newFeed(topics ...string) *feed {
	return &feed{topics: topics, wake: make(chan struct{}, 1)}
}

func (f *feed) put(n note) {
	f.mu.Lock()
	if len(f.notes) == feedLimit {
		f.notes = append(f.notes[:0], note{fresh: true})
	}
	f.notes = append(f.notes, n)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *feed) take() []note {
	f.mu.Lock()
	defer f.mu.Unlock()
	notes := f.notes
	f.notes = nil
	return notes
}
