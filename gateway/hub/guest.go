package hub

import "github.com/talkgate/talkgate/state/redis"

// listenTo is the guest that stands for a holder who speaks on another channel, nil
// for one who speaks here. ch.mu is held.
func (ch *channel) listenTo(holder *redis.Holder) *member {
	if holder.Emergency == "" || holder.Emergency == ch.id {
		return nil
	}
	if t := ch.tap; t != nil && t.home == holder.Emergency && t.guest.userID == holder.UserID {
		return ch.guest
	}
	ch.listenNoMore()
	guest := &member{userID: holder.UserID, userName: holder.UserName, rights: rightsView{known: true, talk: true}}
	guest.source = &source{userID: guest.userID, userName: guest.userName}
	ch.guest, ch.tap = guest, &tap{channel: ch.id, home: holder.Emergency, fwd: ch.fwd, guest: guest.source}
	ch.relays.connect(ch.tap)
	return guest
}

// listenNoMore ends what listenTo began. ch.mu is held.
func (ch *channel) listenNoMore() {
	if ch.tap != nil {
		ch.relays.disconnect(ch.tap)
		ch.guest, ch.tap = nil, nil
	}
}
