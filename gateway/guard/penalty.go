package guard

import "time"

// measure is what is done to a member that sends without the floor. Each one lasts for
// a penalty time, and whoever goes on meanwhile gets the next.
type measure int

const (
	none measure = iota
	// muted: its streams are muted. A member may unmute itself.
	muted
	// unpublished: its permission to publish is taken.
	unpublished
	// removed: its session is ended, as is every new one at once.
	removed
)

// penaltyTime is how long a measure lasts.
const penaltyTime = time.Minute

// penalty is the measure against one member.
type penalty struct {
	measure measure
	until   time.Time
	session string // it was taken against
	blind   bool   // taken while Redis did not answer
}

// at returns the measure that is in force at now.
func (p *penalty) at(now time.Time) measure {
	if p == nil || !now.Before(p.until) {
		return none
	}
	return p.measure
}

// next returns the penalty of a member that goes on at now in a session.
func (p *penalty) next(now time.Time, session string, blind bool) *penalty {
	return &penalty{measure: min(p.at(now)+1, removed), until: now.Add(penaltyTime), session: session, blind: blind}
}

// inSession returns the measure in force against a member that is seen at now in a
// session. Who comes back in another one, which has the permission that was taken, is
// removed.
func (p *penalty) inSession(now time.Time, session string) measure {
	m := p.at(now)
	if m == unpublished && session != p.session {
		return removed
	}
	return m
}
