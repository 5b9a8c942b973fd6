package hub

import (
	"fmt"
	"testing"
	"time"
)

// TestUnheardIsTold: a port that sends while nothing of it is forwarded is told so, with
// the reason, and no more once it is heard. A grant that was overtaken heals when the
// channel was idle.
func TestUnheardIsTold(t *testing.T) {
	lock := func(s *site, user string, epoch int64) {
		s.redis.Do("SET", "channel:ops:speaker", fmt.Sprintf(`{"userId":%q,"userName":"X","timestamp":1,"epoch":%d}`, user, epoch), "EX", "60")
	}
	for _, tc := range []struct {
		reason string
		begin  func(s *site)
	}{
		{"lost", func(*site) {}},
		{"no-rights", func(s *site) { s.redis.Do("DEL", "u.a.g"); s.publishRights("a"); s.knows("a", false) }},
		{"busy", func(s *site) { lock(s, "b", 1) }},
		{"overtaken", func(s *site) {
			now := time.Now()
			lock(s, "b", now.Add(time.Hour).UnixMilli())
			s.talker("b").keepSaying("b is admitted", func() bool { return s.admitted() == "b" })
			lock(s, "a", now.UnixMilli())
		}},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			s := newSite(t)
			s.allow("a", "b")
			a, e := s.talker("a"), s.ear("c")
			s.knows("a", true)
			tc.begin(s)
			told := func(reason string) {
				t.Helper()
				a.keepSaying("a is told "+reason, func() bool {
					select {
					case why := <-a.Unheard():
						return why == reason
					default:
						return false
					}
				})
			}
			told(tc.reason)
			if s.hub.channels.Traffic.Unheard.Load() == 0 {
				t.Error("it is not counted")
			}
			s.allow("a")
			s.knows("a", true)
			s.redis.Do("DEL", "channel:ops:speaker")
			told("lost") // the hub has seen the floor idle
			s.take("a")
			n := e.count()
			a.keepSaying("a is heard", func() bool { return e.count() > n+5 })
			for len(a.Unheard()) > 0 {
				<-a.Unheard()
			}
			a.keepSaying("a is heard on", func() bool { return e.count() > n+200 })
			if len(a.Unheard()) > 0 {
				t.Errorf("a is heard, and is told %q", <-a.Unheard())
			}
		})
	}
}

// TestNoBrowserIsTold: a page sends all the time, and reads who has the floor.
func TestNoBrowserIsTold(t *testing.T) {
	s := newSite(t)
	_, a := s.browser("a")
	began := time.Now()
	a.keepSaying("long enough to be told", func() bool { return time.Since(began) > 1200*time.Millisecond })
	if n := s.hub.channels.Traffic.Received[0].Load(); n != 0 {
		t.Fatalf("%d packets were accepted", n)
	}
	if len(a.Unheard()) > 0 {
		t.Errorf("it is told %q", <-a.Unheard())
	}
}
