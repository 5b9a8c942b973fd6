package channel

import (
	"maps"
	"sync"
)

// maxNotices bounds the notices that wait for one slow reader. The oldest are dropped.
const maxNotices = 32

// Holder is who has the floor, in the HTTP API. Since is in ms since 1970.
type Holder struct {
	UserID   string `json:"userId"`
	UserName string `json:"userName"`
	Since    int64  `json:"since"`
	Epoch    uint64 `json:"epoch,omitempty"`

	Emergency bool `json:"emergency,omitempty"` // it talks to all channels of the event
}

// MemberSnapshot is one member of a channel, in the HTTP API. Rights is nil while
// they cannot be read.
type MemberSnapshot struct {
	UserID    string `json:"userId"`
	UserName  string `json:"userName"`
	Sending   bool   `json:"sending"`
	Listening bool   `json:"listening"`
	Rights    *bool  `json:"rights"`
}

// Snapshot is a whole channel, in the HTTP API.
type Snapshot struct {
	Channel string `json:"channel"`
	Redis   bool   `json:"redis"`
	Room    bool   `json:"room,omitempty"` // it is on LiveKit
	// Recall is for how long what is said is kept, in seconds; zero where nothing is.
	Recall  float64          `json:"recall"`
	Holder  *Holder          `json:"holder"`
	Members []MemberSnapshot `json:"members"`
}

// Notice is one event in words.
type Notice struct {
	Kind   Reason `json:"kind"`
	UserID string `json:"userId"`
	Text   string `json:"text"`
}

// Watcher collects what one event stream has not written yet. It keeps only the newest
// state and levels, so a slow reader neither blocks others nor uses more memory.
type Watcher struct {
	Wake chan struct{} // something is there

	mu      sync.Mutex
	stale   bool // the state has changed
	notices []Notice
	levels  map[string]float64
}

// newWatcher returns a Watcher that has everything still to write.
func newWatcher() *Watcher {
	w := &Watcher{Wake: make(chan struct{}, 1)}
	w.stateChanged()
	return w
}

func (w *Watcher) put(f func()) {
	w.mu.Lock()
	f()
	w.mu.Unlock()
	select {
	case w.Wake <- struct{}{}:
	default:
	}
}

func (w *Watcher) stateChanged() { w.put(func() { w.stale = true }) }

func (w *Watcher) notify(n Notice) {
	w.put(func() {
		if len(w.notices) == maxNotices {
			w.notices = append(w.notices[:0], w.notices[1:]...)
		}
		w.notices = append(w.notices, n)
	})
}

func (w *Watcher) setLevels(levels map[string]float64) {
	w.put(func() { w.levels = maps.Clone(levels) })
}

// Take returns what is new since the last call.
func (w *Watcher) Take() (stale bool, notices []Notice, levels map[string]float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stale, notices, levels = w.stale, w.notices, w.levels
	w.stale, w.notices, w.levels = false, nil, nil
	return stale, notices, levels
}
