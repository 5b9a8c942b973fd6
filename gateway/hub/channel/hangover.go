package channel

import "time"

// hangover is the last talk spurt of a channel. When a port has sent the last packet
// of it, it lets go of the floor, and that news, by way of Redis, may overtake the
// packet.
type hangover struct {
	member *Member
	token  string    // of the grant
	until  time.Time // zero while the member has the floor
}

// trails reports whether the gate stays as it is for what may still be on its
// way, although nobody has the floor: for as long as packets are held back at the
// beginning of a talk spurt. It does not when the talker's rights are gone, nor
// for a browser, whose microphone does not pause when the floor is given back. ch.mu
// is held.
func (ch *Channel) trails(now time.Time) bool {
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
