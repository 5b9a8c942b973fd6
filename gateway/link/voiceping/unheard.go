package voiceping

import "time"

// nameWithin is how long the server may take to name the producer of a member
// who talks: it comes with the last copy of many.
const nameWithin = time.Second

// talker is who talks on a channel, as the server tells.
type talker struct {
	user  string
	since time.Time
	told  bool
}

// talks notes who talks on a channel, nobody if user is empty.
func (s *session) talks(channel, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.talk[channel].user != user {
		s.talk[channel] = talker{user: user, since: time.Now()}
	}
}

// warnOfUnheard says who talks without being heard: a dispatcher who has used
// nothing but priority and emergency since the port came to know the channel.
// The server then names no producer to anybody, in no reply and no push, and
// takes no other name for a stream.
func (s *session) warnOfUnheard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for channel, t := range s.talk {
		if t.user == "" || t.told || t.user == s.link.cfg.UserID || time.Since(t.since) < nameWithin || s.link.members.knows(channel, t.user) {
			continue
		}
		t.told = true
		s.talk[channel] = t
		s.link.log.Warn("a member talks and cannot be heard: the server has not named its stream; it does when the member talks without priority",
			"channel", channel, "user", t.user)
	}
}
