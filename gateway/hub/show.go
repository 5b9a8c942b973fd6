package hub

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// show tells the watchers of the channel's state, if it has changed. ch.mu is held.
func (ch *channel) show(now time.Time) {
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

// shownState is the state as it was last shown, JSON.
func (ch *channel) shownState() json.RawMessage {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.picture
}

// snapshot is the channel as it is at now.
func (ch *channel) snapshot(now time.Time) channelState {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.snapshotAt(now)
}

// snapshotAt is snapshot while ch.mu is held.
func (ch *channel) snapshotAt(now time.Time) channelState {
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
