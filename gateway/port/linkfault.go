package port

import (
	"errors"

	"github.com/talkgate/talkgate/state/floor"
)

// LinkFault says why a link is not up, in one word for a metric and a log. A
// Link's errors wrap it where it knows more than that the connection ended.
type LinkFault string

const (
	// NoFault is a link that is up.
	NoFault LinkFault = ""
	// LinkStarting is a link that has not been up yet.
	LinkStarting LinkFault = "starting"
	// LinkLost is a connection that ended, or that could not be made.
	LinkLost LinkFault = "lost"
	// LinkUnheard is a server that ignores what is sent.
	LinkUnheard LinkFault = "unheard"
	// LinkLimited is a server that refuses more connections for a while.
	LinkLimited LinkFault = "limited"
	// LinkFull is a channel that has no room for another member at present.
	LinkFull LinkFault = "channel_full"
	// LinkTokenRefused and LinkTokenExpired wait for another token.
	LinkTokenRefused LinkFault = "token_refused"
	LinkTokenExpired LinkFault = "token_expired"
	// LinkBanned, LinkDisconnected and LinkNoMember wait for a dispatcher: the
	// user is banned, was disconnected, or may not join the channel.
	LinkBanned       LinkFault = "banned"
	LinkDisconnected LinkFault = "disconnected"
	LinkNoMember     LinkFault = "no_member"
	// NoChannel waits until the selector is turned to a channel.
	NoChannel LinkFault = "no_channel"
)

func (f LinkFault) Error() string { return string(f) }

// NeedsSomebody reports whether somebody has to act: waiting alone does not help.
func (f LinkFault) NeedsSomebody() bool {
	switch f {
	case LinkTokenRefused, LinkTokenExpired, LinkBanned, LinkDisconnected, LinkNoMember, NoChannel:
		return true
	case NoFault, LinkStarting, LinkLost, LinkUnheard, LinkLimited, LinkFull:
	}
	return false
}

// LinkFaults lists all faults.
func LinkFaults() []LinkFault {
	return []LinkFault{LinkStarting, LinkLost, LinkUnheard, LinkLimited, LinkFull,
		LinkTokenRefused, LinkTokenExpired, LinkBanned, LinkDisconnected, LinkNoMember, NoChannel}
}

// reason is why the floor is lost with a link that was up. A server may take the membership
// before Redis's news of it arrive.
func (f LinkFault) reason() floor.Reason {
	switch f {
	case LinkNoMember:
		return floor.Revoked
	case LinkBanned:
		return floor.Banned
	default:
		return floor.NoLink
	}
}

// faultOf is the fault that a link's error wraps.
func faultOf(err error) LinkFault {
	if fault := NoFault; errors.As(err, &fault) && fault != NoFault {
		return fault
	}
	return LinkLost
}
