package rtc

import (
	"strings"
	"sync"

	"github.com/pion/webrtc/v4"
)

// Trickle brings a session the candidates of a peer that sends them apart from
// its description (RFC 8838), whichever of the two comes first. The zero value is
// ready; it serves one session.
type Trickle struct {
	mu    sync.Mutex
	conn  *conn // set once it can take candidates
	early []string
}

// Add hands over one candidate, "candidate:…" (RFC 8839 section 5.1). One over
// TCP is passed over: sessions use UDP.
func (t *Trickle) Add(candidate string) {
	if fields := strings.Fields(candidate); len(fields) < 3 || !strings.EqualFold(fields[2], "udp") {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil {
		t.early = append(t.early, candidate)
		return
	}
	t.add(candidate)
}

// attach says that c has the peer's description.
func (t *Trickle) attach(c *conn) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn = c
	for _, candidate := range t.early {
		t.add(candidate)
	}
	t.early = nil
}

// add passes on a candidate. A bad one is none: there may be others.
func (t *Trickle) add(candidate string) {
	_ = t.conn.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: candidate})
}
