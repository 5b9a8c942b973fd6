package voiceping

import "sync"

// voice is the producer of another member.
type voice struct{ channel, producer string }

// roster has the known producers of the members. The server names a producer when its
// member first talks, not at a join, and never for priority and emergency calls. So
// the roster keeps a producer until its member leaves.
type roster struct {
	mu     sync.Mutex
	voices map[string]map[string]string // channel, user, producer
}

func newRoster() roster { return roster{voices: make(map[string]map[string]string)} }

// learn records a member's producer. It reports whether it is new, and which one it
// replaces, if any.
func (r *roster) learn(channel, user, producer string) (old string, news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old = r.voices[channel][user]; old == producer {
		return "", false
	}
	if r.voices[channel] == nil {
		r.voices[channel] = make(map[string]string)
	}
	r.voices[channel][user] = producer
	return old, true
}

// knows reports whether a member's producer is known.
func (r *roster) knows(channel, user string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.voices[channel][user] != ""
}

// has reports whether a producer is still known.
func (r *roster) has(v voice) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, producer := range r.voices[v.channel] {
		if producer == v.producer {
			return true
		}
	}
	return false
}

// forget removes a member and returns its producer, if it is known.
func (r *roster) forget(channel, user string) (producer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	producer = r.voices[channel][user]
	delete(r.voices[channel], user)
	return producer
}

// drop removes a producer that the server does not know.
func (r *roster) drop(v voice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, producer := range r.voices[v.channel] {
		if producer == v.producer {
			delete(r.voices[v.channel], user)
		}
	}
}

// all returns the known producers.
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
