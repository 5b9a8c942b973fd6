package channel

import (
	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/state/redis"
)

// connectGuest returns the guest that stands for a holder who speaks on another channel;
// nil for a holder who speaks here. ch.mu is held.
func (ch *Channel) connectGuest(holder *redis.Holder) *Member {
	if holder.Emergency == "" || holder.Emergency == ch.ID {
		return nil
	}
	if t := ch.route; t != nil && t.Home == holder.Emergency && t.Guest.UserID == holder.UserID {
		return ch.guest
	}
	ch.disconnectGuest()
	guest := &Member{userID: holder.UserID, userName: holder.UserName, rights: rightsView{known: true, talk: true}}
	guest.source = &forward.Source{UserID: guest.userID, UserName: guest.userName}
	ch.guest, ch.route = guest, &forward.Route{Channel: ch.ID, Home: holder.Emergency, Forwarder: ch.Forwarder, Guest: guest.source}
	ch.relays.Connect(ch.route)
	return guest
}

// disconnectGuest ends what connectGuest began. ch.mu is held.
func (ch *Channel) disconnectGuest() {
	if ch.route != nil {
		ch.relays.Disconnect(ch.route)
		ch.guest, ch.route = nil, nil
	}
}
