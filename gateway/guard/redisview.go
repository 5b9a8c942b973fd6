package guard

import (
	"strconv"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

// Guards of one room share whether they see Redis. A guard that does counts up an
// attribute of its own hidden membership; one that does not leaves the room to those
// whose attribute changes. The attribute travels through LiveKit, which all guards of
// a room reach.
const (
	identityPrefix = "talkgate-guard-"
	viewAttribute  = "talkgate.sees"
	// guardLease is how long a guard counts as seeing after its attribute changed.
	guardLease = 2500 * time.Millisecond
	// knownFor is how long a guard relies on its last answer from Redis.
	knownFor = 2 * time.Second
)

// redisView is whether a guard of a room, and the others of the room, know what is in Redis.
type redisView struct {
	self     string    // identity of this guard
	answered time.Time // by Redis, last
	others   map[string]*otherGuard
}

type otherGuard struct {
	value   string
	changed time.Time
}

// known reports whether this guard knows what is in Redis at now.
func (s *redisView) known(now time.Time) bool { return now.Sub(s.answered) < knownFor }

// viewValue is the attribute of a guard that sees Redis for the count-th time.
func viewValue(count uint64) map[string]string {
	return map[string]string{viewAttribute: strconv.FormatUint(count, 10)}
}

// observe reads the other guards' attributes. A guard is a hidden member that may not
// publish: only who has the API key can make one.
func (s *redisView) observe(members []room.Participant, now time.Time) {
	present := make(map[string]bool)
	for _, m := range members {
		value := m.Attributes[viewAttribute]
		if !isGuard(m) || m.Identity == s.self || value == "" {
			continue
		}
		present[m.Identity] = true
		if o := s.others[m.Identity]; o == nil {
			s.others[m.Identity] = &otherGuard{value, now}
		} else if o.value != value {
			o.value, o.changed = value, now
		}
	}
	for identity := range s.others {
		if !present[identity] {
			delete(s.others, identity)
		}
	}
}

// knownToAnother reports whether another guard of the room knows what is in Redis.
func (s *redisView) knownToAnother(now time.Time) bool {
	for _, o := range s.others {
		if now.Sub(o.changed) < guardLease {
			return true
		}
	}
	return false
}

func isGuard(m room.Participant) bool {
	return strings.HasPrefix(m.Identity, identityPrefix) && isObserver(m)
}

// isObserver reports whether a member is hidden and may not publish, as guards and
// recorders are. Only who has the API key makes such a token.
func isObserver(m room.Participant) bool { return m.May("hidden") && !m.May("can_publish") }
