package voiceping

import "time"

// nameTimeout is how long the server may take to name the producer of a member
// who talks. The name comes with the last of many copies of the event.
const nameTimeout = time.Second

// talker is who talks on a channel, by the server's events.
type talker struct {
	user   string
	since  time.Time
	warned bool
}

// setTalker records who talks on a channel; an empty user is nobody.
func (s *session) setTalker(channel, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.talkers[channel].user != user {
		s.talkers[channel] = talker{user: user, since: time.Now()}
	}
}

// warnOfUnheard logs members who talk and cannot be heard: dispatchers who have used
// only priority and emergency calls since the port joined the channel. The server
// names the producer of such a call in no reply and in no event, and a stream can
// only be requested by that name.
func (s *session) warnOfUnheard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for channel, t := range s.talkers {
		if t.user == "" || t.warned || t.user == s.link.cfg.UserID || time.Since(t.since) < nameTimeout || s.link.members.knows(channel, t.user) {
			continue
		}
		t.warned = true
		s.talkers[channel] = t
		s.link.log.Warn("a member talks and cannot be heard: the server has not named its stream; it does when the member talks without priority",
			"channel", channel, "user", t.user)
	}
}
