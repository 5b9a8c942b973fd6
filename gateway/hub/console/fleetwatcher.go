package console

import (
	"maps"
	"slices"
	"sync"

	"github.com/talkgate/talkgate/gateway/hub/auth"
)

// FleetWatcher collects, for one event stream, the gateways that changed since the last
// write. Each is in it once, however slow the reader is.
type FleetWatcher struct {
	claims *auth.Claims
	wake   chan struct{} // something is there
	// shown are the gateways that were written. Only Fleet.news uses it.
	shown map[string]struct{}

	mu    sync.Mutex
	stale map[string]struct{}
}

// newFleetWatcher returns a watcher to which nothing was written yet.
func newFleetWatcher(c *auth.Claims) *FleetWatcher {
	w := &FleetWatcher{claims: c, wake: make(chan struct{}, 1), shown: map[string]struct{}{}, stale: map[string]struct{}{}}
	w.stateChanged()
	return w
}

func (w *FleetWatcher) changed(ids []string) {
	if len(ids) == 0 {
		return
	}
	w.mu.Lock()
	for _, id := range ids {
		w.stale[id] = struct{}{}
	}
	w.mu.Unlock()
	w.stateChanged()
}

func (w *FleetWatcher) stateChanged() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Take returns the IDs of the gateways that changed since the last call.
func (w *FleetWatcher) Take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := slices.Sorted(maps.Keys(w.stale))
	clear(w.stale)
	return ids
}
