package channel

import (
	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/state/redis"
)

// connectGuest returns a guest member for a holder who speaks on another channel, or nil
// for a holder who speaks on this one. The caller holds ch.mu.
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

// disconnectGuest undoes connectGuest. The caller holds ch.mu.
func (ch *Channel) disconnectGuest() {
	if ch.route != nil {
		ch.relays.Disconnect(ch.route)
		ch.guest, ch.route = nil, nil
	}
}
