package squelch

import "sync/atomic"

// Stats describes a radio's squelch at an instant.
type Stats struct {
	Talks    bool   `json:"talks"`    // it asks for the floor
	Chatters bool   `json:"chatters"` // its short openings count as noise
	Ignored  uint64 `json:"ignored"`  // openings that were too short to talk
	Looped   bool   `json:"looped"`   // it is ignored because a loop was found
	Loops    uint64 `json:"loops"`    // loops found so far
}

// State publishes a Squelch to other goroutines. The one that owns the Squelch stores,
// any goroutine reads.
type State struct {
	phase                   atomic.Uint32
	deaf                    atomic.Bool
	talks, chatters, looped atomic.Bool
	ignored, loops          atomic.Uint64
}

// Store publishes s and l.
func (st *State) Store(s *Squelch, l *LoopGuard) {
	st.phase.Store(uint32(s.phase))
	st.deaf.Store(s.Deafened())
	st.talks.Store(s.Asks())
	st.chatters.Store(s.Chatters())
	st.ignored.Store(s.ignored)
	st.looped.Store(l.on)
	st.loops.Store(l.found)
}

// Talks reports whether the squelch asks for the floor.
func (st *State) Talks() bool { return st.talks.Load() }

// Word is the state in one word for people: a Phase, "deaf" while the transmitter makes
// the port ignore an open squelch, or "looped" after a loop.
func (st *State) Word() string {
	switch {
	case st.looped.Load():
		return "looped"
	case st.deaf.Load():
		return "deaf"
	}
	return Phase(st.phase.Load()).String()
}

// Stats are the published counters.
func (st *State) Stats() Stats {
	return Stats{st.talks.Load(), st.chatters.Load(), st.ignored.Load(), st.looped.Load(), st.loops.Load()}
}
