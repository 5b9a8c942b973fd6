package channel

import "time"

// hangover is the last talk spurt of a channel, whose last packets may still be on their
// way. A port releases the floor after its last packet; the release, which goes through
// Redis, may arrive first.
type hangover struct {
	member *Member
	token  string    // of the grant
	until  time.Time // zero while the member has the floor
}

// inHangover reports whether the gate stays open for the last packets although nobody
// has the floor. It does for HoldBack after the release. It does not when the talker has
// lost its rights, nor for a browser, whose microphone goes on after the release. ch.mu is
// held.
func (ch *Channel) inHangover(now time.Time) bool {
	t := &ch.last
	switch {
	case t.member == nil || !ch.floor.Idle() || t.token == ch.kept:
		return false
	case t.member.source == nil || !now.Before(t.member.mayTalkUntil(now.Add(ch.Lease))):
		return false
	case t.until.IsZero():
		hold := ch.HoldBack
		t.until = now.Add(hold)
		time.AfterFunc(hold, func() { ch.change(func() {}) })
	}
	return now.Before(t.until)
}
