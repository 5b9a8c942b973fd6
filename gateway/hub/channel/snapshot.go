package channel

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// show sends the channel's state to the watchers, if it has changed. The caller holds
// ch.mu.
func (ch *Channel) show(now time.Time) {
	if len(ch.watchers) == 0 {
		return
	}
	picture, err := json.Marshal(ch.snapshotAt(now))
	if err != nil {
		ch.log.Error("state cannot be shown", "err", err)
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

// ShownState returns the state that was shown last, as JSON.
func (ch *Channel) ShownState() json.RawMessage {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.picture
}

// Snapshot returns the state of the channel at now.
func (ch *Channel) Snapshot(now time.Time) Snapshot {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.snapshotAt(now)
}

// snapshotAt is snapshot while ch.mu is held.
func (ch *Channel) snapshotAt(now time.Time) Snapshot {
	s := Snapshot{Recall: ch.Recall.Keeps(ch.ID).Seconds(), Channel: ch.ID, Redis: ch.floor.KnownAt(now), Room: ch.Room, Members: []MemberSnapshot{}}
	if h := ch.floor.HolderAt(now); h != nil {
		s.Holder = HolderOf(h)
	}
	for _, m := range ch.members {
		ms := MemberSnapshot{UserID: m.userID, UserName: m.userName, Sending: m.source != nil, Listening: m.listeners > 0}
		if m.rights.known {
			talk := m.rights.talk
			ms.Rights = &talk
		}
		s.Members = append(s.Members, ms)
	}
	slices.SortFunc(s.Members, func(a, b MemberSnapshot) int {
		return cmp.Or(cmp.Compare(a.UserName, b.UserName), cmp.Compare(a.UserID, b.UserID))
	})
	return s
}

// HolderOf returns a holder in the form of the HTTP API. An unknown holder has only zero
// values, Since included.
func HolderOf(h *redis.Holder) *Holder {
	s := &Holder{UserID: h.UserID, UserName: h.UserName, Epoch: h.Epoch, Emergency: h.Emergency != ""}
	if !h.Since.IsZero() {
		s.Since = h.Since.UnixMilli()
	}
	return s
}

// notify sends a notice to all watchers. ch.mu is held.
func (ch *Channel) notify(n Notice) {
	for w := range ch.watchers {
		w.notify(n)
	}
}

func (ch *Channel) showLevels(levels map[string]float64) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	for w := range ch.watchers {
		w.setLevels(levels)
	}
}
