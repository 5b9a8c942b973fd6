package channel

import (
	"cmp"

	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/state/redis"
)

// announceHandover sends the watchers a notice of a change of the floor. The caller
// holds ch.mu.
func (ch *Channel) announceHandover(from, to *redis.Holder) {
	if to != nil && to.Emergency != "" {
		ch.notify(Notice{ReasonEmergency, to.UserID, cmp.Or(to.UserName, to.UserID) + " has an emergency and talks to all channels of the event"})
	}
	if from == nil {
		ch.Recall.Floor(ch.ID, talkerOf(to), recall.End{})
		return
	}
	name := cmp.Or(from.UserName, from.UserID, "someone")
	why := ch.whyEnded(from, to)
	ch.Recall.Floor(ch.ID, talkerOf(to), recall.End{Reason: string(why), By: ch.cutBy(why, to)})
	text := name + " lost the floor: " + string(why)
	switch why {
	case ReasonReleased:
		text = name + " has finished"
	case ReasonRevoked:
		text = name + " may not talk any more"
	case ReasonRedis:
		text = "Redis does not answer: " + name + " is not heard"
	case ReasonPaused:
		text = ch.pausedBy + " paused the event: " + name + " may press again at once"
	case ReasonTimedOut:
		text = name + " has talked for too long"
	case ReasonPreempted:
		text = name + " lost the floor to " + cmp.Or(to.UserName, to.UserID, "someone")
	}
	ch.notify(Notice{why, from.UserID, text})
}

// whyEnded returns why the floor of a holder ended. to is the next holder, nil for
// nobody. The caller holds ch.mu.
func (ch *Channel) whyEnded(from, to *redis.Holder) Reason {
	m := ch.members[from.UserID]
	if m != nil && m.rights.known && !m.rights.talk {
		return ReasonRevoked
	}
	if !ch.floor.Known() {
		return ReasonRedis
	}
	if to != nil && to.UserID != from.UserID {
		return ReasonPreempted
	}
	if to == nil && ch.pausedBy != "" {
		return ReasonPaused
	}
	if m != nil && m.lock != nil && m.lock.claim.Token == from.Token {
		if why, ended := m.lock.ended(); ended && why != ReasonPreempted {
			return why
		}
	}
	return ReasonReleased
}

// talkerOf converts a holder for the recall; nil for nobody.
func talkerOf(h *redis.Holder) *recall.Talker {
	if h == nil {
		return nil
	}
	return &recall.Talker{UserID: h.UserID, UserName: h.UserName, Emergency: h.Emergency != ""}
}

// cutBy returns who ended a talk spurt early, "" if nobody did. The caller holds ch.mu.
func (ch *Channel) cutBy(why Reason, to *redis.Holder) string {
	switch {
	case why == ReasonPaused:
		return ch.pausedBy
	case why == ReasonPreempted && to != nil:
		return nameOf(to)
	}
	return ""
}

func nameOf(h *redis.Holder) string {
	if h.UserName != "" {
		return h.UserName
	}
	return h.UserID
}
