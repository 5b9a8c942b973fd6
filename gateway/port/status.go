package port

import (
	"fmt"

	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis/conn"
)

// Status is a port at an instant.
type Status struct {
	// Channel is the one that is talked on; empty where the selector stands at none.
	Channel string
	Floor   floor.Floor
	// Link is why the media connection is not up; NoFault while it is.
	Link LinkFault
	// Key is what the transmitter's readback found wrong.
	Key output.KeyFault
	// Looped is whether the radio's squelch is ignored, because it heard what the channel
	// says.
	Looped bool
	// Unheard is why the server forwards nothing of the present talk spurt, in its word;
	// empty while it does.
	Unheard string
	// Unguarded is whether no live guard is in the channel's room on LiveKit, which then
	// forwards who has no floor, too.
	Unguarded bool
	// Redis is whether Redis answers, and grants what a press needs (redis.Talker);
	// RedisFault is why not.
	Redis      bool
	RedisFault conn.Fault
	// Taken is whether anybody has the floor, as Redis tells.
	Taken bool
	// Holder is who: empty too for a lock that nobody can read. HolderName is
	// for people.
	Holder, HolderName string
	// Emergency is whether it has the floors of all channels of the event.
	Emergency bool
	// Lamps is what the panel shows.
	Lamps hal.Lamps
}

// lamps is what a port shows. ours says that this port itself has the floor.
func lamps(s Status, ours bool) hal.Lamps {
	return hal.Lamps{
		Talk:  s.Floor.Phase == floor.Talking,
		Busy:  s.Taken && !ours,
		Alert: s.Floor.Phase == floor.Refused || s.Link.NeedsSomebody() || s.Key != output.NoKeyFault || s.Looped || s.Unheard != "" || s.Unguarded,
		Link:  s.Floor.Link && s.Floor.Rights && s.Redis,

		Emergency: s.Emergency,
	}
}

// UnheardWords is a reason of Status.Unheard in words for a person at the port.
func UnheardWords(reason string) string {
	switch reason {
	case "lost":
		return "the server sees nobody have the floor"
	case "busy":
		return "the server sees somebody else have the floor"
	case "no-rights":
		return "the server sees no right to talk here"
	case "redis":
		return "the server cannot read from Redis who has the floor"
	case "overtaken":
		return "the server has seen a newer grant of the floor: an epoch from the future, or a clock that was set back"
	}
	return "the server says: " + reason
}

// Why is the reason of a refusal, or of waiting, in words for a person at the port.
func Why(f floor.Floor) string {
	by := func(text string) string {
		if f.Holder == "" {
			return text
		}
		return text + " by " + f.Holder
	}
	if f.Phase == floor.Waiting {
		return fmt.Sprintf("%s; number %d in the queue", by("the channel is in use"), f.Place)
	}
	if f.Emergency && f.Why == floor.NoRights {
		return "no right to call an emergency here"
	}
	switch f.Why {
	case floor.Busy:
		return by("the channel is in use")
	case floor.NoRights:
		return "no right to talk on this channel"
	case floor.Banned:
		return "banned"
	case floor.NoAnswer:
		return "no answer to the request for the floor; the log has the cause"
	case floor.NoLink:
		return "no connection to the channel server"
	case floor.NoSound:
		return "no microphone"
	case floor.Revoked:
		return "the right to talk was taken away"
	case floor.Preempted:
		return by("the floor was taken")
	case floor.TimedOut:
		return "talked for too long"
	case floor.BudgetSpent:
		return "talked too much in a while"
	case floor.Penalty:
		return "has to wait after a time-out"
	case floor.LeaseExpired:
		return "lost touch with Redis"
	case floor.Looped:
		return "what the channel says comes back by radio"
	case floor.Cleared:
		return "a dispatcher ended the talk spurt, or Redis lost its lock: press again"
	case floor.NoReason:
	}
	return ""
}
