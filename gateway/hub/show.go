package hub

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/state/redis"
)

// show tells the watchers of the channel's state, if it has changed. ch.mu is held.
func (ch *channel) show(now time.Time) {
	if len(ch.watchers) == 0 {
		return
	}
	picture, err := json.Marshal(ch.snapshot(now))
	if err != nil {
		ch.log.Error("state cannot be shown", "error", err)
		return
	}
	if bytes.Equal(picture, ch.picture) {
		return
	}
	ch.picture = picture
	for w := range ch.watchers {
		w.stateChanged()
	}
}

// shownState is the state as it was last shown, JSON.
func (ch *channel) shownState() json.RawMessage {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.picture
}

// snapshot is the channel as it is at now. ch.mu is held.
func (ch *channel) snapshot(now time.Time) channelState {
	s := channelState{Recall: ch.recall.Keeps(ch.id).Seconds(), Channel: ch.id, Redis: ch.floor.KnownAt(now), Room: ch.room, Members: []memberState{}}
	if h := ch.floor.HolderAt(now); h != nil {
		s.Holder = holderOf(h)
	}
	for _, m := range ch.members {
		ms := memberState{UserID: m.userID, UserName: m.userName, Sending: m.source != nil, Listening: m.listeners > 0}
		if m.rights.known {
			talk := m.rights.talk
			ms.Rights = &talk
		}
		s.Members = append(s.Members, ms)
	}
	slices.SortFunc(s.Members, func(a, b memberState) int {
		return cmp.Or(cmp.Compare(a.UserName, b.UserName), cmp.Compare(a.UserID, b.UserID))
	})
	return s
}

// holderOf is a holder as the HTTP API shows it; one nobody can name has only
// zeros, Since included.
func holderOf(h *redis.Holder) *floorHolder {
	s := &floorHolder{UserID: h.UserID, UserName: h.UserName, Epoch: h.Epoch, Emergency: h.Emergency != ""}
	if !h.Since.IsZero() {
		s.Since = h.Since.UnixMilli()
	}
	return s
}

// tellHandover puts a change of the floor into words. ch.mu is held.
func (ch *channel) tellHandover(from, to *redis.Holder) {
	if to != nil && to.Emergency != "" {
		ch.tell(notice{reasonEmergency, to.UserID, cmp.Or(to.UserName, to.UserID) + " has an emergency and talks to all channels of the event"})
	}
	if from == nil {
		ch.recall.Floor(ch.id, talkerOf(to), recall.End{})
		return
	}
	name := cmp.Or(from.UserName, from.UserID, "someone")
	why := ch.whyEnded(from, to)
	ch.recall.Floor(ch.id, talkerOf(to), recall.End{Reason: string(why), By: ch.cutBy(why, to)})
	text := name + " lost the floor: " + string(why)
	switch why {
	case reasonReleased:
		text = name + " has finished"
	case reasonRevoked:
		text = name + " may not talk any more"
	case reasonRedis:
		text = "Redis does not answer: " + name + " is not heard"
	case reasonPaused:
		text = ch.pausedBy + " paused the event: " + name + " may press again at once"
	case reasonTimedOut:
		text = name + " has talked for too long"
	case reasonPreempted:
		text = name + " lost the floor to " + cmp.Or(to.UserName, to.UserID, "someone")
	}
	ch.tell(notice{why, from.UserID, text})
}

// whyEnded is why the floor went from a holder to another, or to nobody. ch.mu is
// held.
func (ch *channel) whyEnded(from, to *redis.Holder) reason {
	m := ch.members[from.UserID]
	if m != nil && m.rights.known && !m.rights.talk {
		return reasonRevoked
	}
	if !ch.floor.Known() {
		return reasonRedis
	}
	if to != nil && to.UserID != from.UserID {
		return reasonPreempted
	}
	if to == nil && ch.pausedBy != "" {
		return reasonPaused
	}
	if m != nil && m.keeper != nil && m.keeper.claim.Token == from.Token {
		if why, ended := m.keeper.ended(); ended && why != reasonPreempted {
			return why
		}
	}
	return reasonReleased
}

// tell sends a notice to all watchers. ch.mu is held.
func (ch *channel) tell(n notice) {
	for w := range ch.watchers {
		w.notify(n)
	}
}

func (ch *channel) showLevels(levels map[string]float64) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	for w := range ch.watchers {
		w.setLevels(levels)
	}
}
