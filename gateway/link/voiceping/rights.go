package voiceping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

// errWithdrawn ends a session; the next one begins when Redis gives rights again.
var errWithdrawn = errors.New("the talk rights were withdrawn")

// leaveTimeout bounds a leave-channel.
const leaveTimeout = time.Second

// A user without rights on a channel must not hear it. The server is slow to enforce
// that: a published list replaces its own, and its heartbeat then finds nothing to
// remove. So the link follows the rights in Redis itself.

// followRights keeps the latest view of the user's rights until ctx ends.
func (l *Link) followRights(ctx context.Context) error {
	return l.cfg.State.WatchRights(ctx, l.cfg.UserID, func(r redis.Rights) {
		l.rights.Store(&r)
		if s := l.session.Load(); s != nil {
			s.onRights(r)
		}
	})
}

// withdrawn reports whether Redis shows that the user has no rights on a channel.
func (l *Link) withdrawn(channel string) bool {
	r := l.rights.Load()
	return r != nil && r.Known && !r.MayTalk(channel)
}

// onRights leaves the channels that the user has no rights on any more, and tries
// those that it has been given.
func (s *session) onRights(r redis.Rights) {
	if !r.Known {
		return
	}
	for channel, m := range s.monitored {
		if r.MayTalk(channel) {
			note(m.back)
		} else {
			note(m.withdrawn)
		}
	}
	if !r.MayTalk(s.link.cfg.Channel) {
		note(s.withdrawn)
	}
}

// revoked ends the session of a port that lost the rights on its own channel. It stops
// listening at once, releases the floor and disconnects. A leave-channel would cut all
// other members off from the channel's events.
func (s *session) revoked() error {
	l := s.link
	s.stopListening(l.cfg.Channel)
	l.floor.Lock() // a release under way comes to its end
	defer l.floor.Unlock()
	if g := l.grant.Load(); g != nil && g.session == s {
		if _, err := l.release(s.ctx, g.claim); err != nil {
			l.log.Warn("the floor was not given back", "err", err)
		}
	}
	return fmt.Errorf("%w on channel %q: %w", port.LinkNoMember, l.cfg.Channel, errWithdrawn)
}

// leave leaves a monitored channel.
func (s *session) leave(channel string) {
	ctx, cancel := context.WithTimeout(s.ctx, leaveTimeout)
	defer cancel()
	if err := s.conn.ask(ctx, wire.LeaveChannel, wire.OfChannel{ChannelID: channel}, nil); err != nil {
		s.link.log.Warn("the server was not told that a channel is left", "channel", channel, "err", err)
	}
}
