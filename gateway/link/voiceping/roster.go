package voiceping

import "sync"

// voice is a producer of another member's.
type voice struct{ channel, producer string }

// roster is whose producers are known. The server names a producer when its
// member first talks, not when one joins, and never for priority and emergency;
// so what was heard of once is kept until the member goes.
type roster struct {
	mu     sync.Mutex
	voices map[string]map[string]string // channel, user, producer
}

func newRoster() roster { return roster{voices: make(map[string]map[string]string)} }

// learn notes a member's producer and reports whether it is news.
func (r *roster) learn(channel, user, producer string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.voices[channel][user] == producer {
		return false
	}
	if r.voices[channel] == nil {
		r.voices[channel] = make(map[string]string)
	}
	r.voices[channel][user] = producer
	return true
}

// knows says whether a member's producer is known.
func (r *roster) knows(channel, user string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.voices[channel][user] != ""
}

// forget drops a member that went.
func (r *roster) forget(channel, user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.voices[channel], user)
}

// drop drops a producer that the server does not know.
func (r *roster) drop(v voice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, producer := range r.voices[v.channel] {
		if producer == v.producer {
			delete(r.voices[v.channel], user)
		}
	}
}

// all are the known producers.
func (r *roster) all() []voice {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []voice
	for channel, users := range r.voices {
		for _, producer := range users {
			all = append(all, voice{channel, producer})
		}
	}
	return all
}
