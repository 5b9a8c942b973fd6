package conn

import "sync"

// Note is one message or one change of a subscription. Exactly one of Fresh, Down and
// Topic is set.
type Note struct {
	// Fresh says that the subscription stands. Read what is stored: messages
	// published before this note may be lost. It comes again after every gap.
	Fresh bool
	// Down is why the subscription was lost.
	Down error
	// Topic and Payload are a message.
	Topic, Payload string
}

// FeedLimit is how many notes wait for a slow reader. One more replaces them all by a
// note that is Fresh.
const FeedLimit = 4096

// Feed is one watcher's share of the connection's subscription.
type Feed struct {
	subs   *subscriber
	topics []string
	wake   chan struct{} // holds one signal while notes wait

	mu    sync.Mutex
	notes []Note
}

// Wake signals that notes wait.
func (f *Feed) Wake() <-chan struct{} { return f.wake }

// Notes returns the notes that wait, in order, and removes them.
func (f *Feed) Notes() []Note {
	f.mu.Lock()
	defer f.mu.Unlock()
	notes := f.notes
	f.notes = nil
	return notes
}

// Close ends the feed.
func (f *Feed) Close() { f.subs.leave(f) }

func (f *Feed) put(n Note) {
	f.mu.Lock()
	if len(f.notes) == FeedLimit {
		f.notes = append(f.notes[:0], Note{Fresh: true})
	}
	f.notes = append(f.notes, n)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}
