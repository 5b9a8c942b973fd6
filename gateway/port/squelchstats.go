package port

import "sync/atomic"

// SquelchStats is how a radio's squelch is heard.
type SquelchStats struct {
	Talks    bool   `json:"talks"`    // it asks for the floor
	Chatters bool   `json:"chatters"` // its short openings are taken for noise
	Ignored  uint64 `json:"ignored"`  // openings that were too short to talk
	Looped   bool   `json:"looped"`   // it is not listened to, as what the channel says came back by it
	Loops    uint64 `json:"loops"`    // how often that was found
}

// squelchState is a SquelchStats that the talk lines' goroutine writes.
type squelchState struct {
	phase                   atomic.Uint32 // a squelchPhase
	deaf                    atomic.Bool
	talks, chatters, looped atomic.Bool
	ignored, loops          atomic.Uint64
}

func (s *squelchState) show(q *squelch) {
	s.phase.Store(uint32(q.phase))
	s.deaf.Store(q.line && (q.keyed || q.deaf > 0))
	s.talks.Store(q.asks())
	s.chatters.Store(q.chatters())
	s.ignored.Store(q.ignored)
}

// SquelchStats is how the radio's squelch is heard; any goroutine may ask.
func (p *Port) SquelchStats() SquelchStats {
	s := &p.squelchState
	return SquelchStats{s.talks.Load(), s.chatters.Load(), s.ignored.Load(), s.looped.Load(), s.loops.Load()}
}
