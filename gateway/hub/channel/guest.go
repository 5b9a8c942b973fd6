package channel

import (
	"github.com/talkgate/talkgate/gateway/hub/forward"
)

import "github.com/talkgate/talkgate/state/redis"

// listenTo is the guest that stands for a holder who speaks on another channel, nil
// for one who speaks here. ch.mu is held.
func (ch *Channel) listenTo(holder *redis.Holder) *Member {
	if holder.Emergency == "" || holder.Emergency == ch.Id {
		return nil
	}
	if t := ch.tap; t != nil && t.Home == holder.Emergency && t.Guest.UserID == holder.UserID {
		return ch.guest
	}
	ch.listenNoMore()
	guest := &Member{userID: holder.UserID, userName: holder.UserName, rights: rightsView{known: true, talk: true}}
	guest.source = &forward.Source{UserID: guest.userID, UserName: guest.userName}
	ch.guest, ch.tap = guest, &forward.Route{Channel: ch.Id, Home: holder.Emergency, Forwarder: ch.Forwarder, Guest: guest.source}
	ch.relays.Connect(ch.tap)
	return guest
}

// listenNoMore ends what listenTo began. ch.mu is held.
func (ch *Channel) listenNoMore() {
	if ch.tap != nil {
		ch.relays.Disconnect(ch.tap)
		ch.guest, ch.tap = nil, nil
	}
}
