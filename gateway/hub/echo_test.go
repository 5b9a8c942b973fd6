package hub

import (
	"net/http"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// echoed is a member's voice to the hub's echo, and its ear there.
func (s *site) echoed(user string) (*talker, *ear) {
	s.t.Helper()
	tk, e := &talker{t: s.t}, &ear{}
	p, err := s.port.Publish(s.t.Context(), s.exchangeOn("x", "echo/"+whip.KindWHIP, claims(user), &tk.path))
	if err != nil {
		s.t.Fatal(err)
	}
	tk.Publication = p
	s.t.Cleanup(func() { _ = p.Close() })
	sub, err := s.port.Subscribe(s.t.Context(), s.exchangeOn("x", "echo/"+whip.KindWHEP, claims(user), &e.path), func(p media.Packet) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard = append(e.heard, p)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	e.sub = sub
	s.t.Cleanup(func() { _ = sub.Close() })
	return tk, e
}

// TestEchoIsPrivate: whoever has a token hears itself, without floor and rights, and
// nobody else does: not on its channel, nor in the echo.
func TestEchoIsPrivate(t *testing.T) {
	s := newSite(t)
	channel := s.ear("b")
	_, other := s.echoed("b")
	tk, e := s.echoed("a")
	tk.keepSaying("the echo", func() bool { return e.count() > 20 })
	if channel.count() > 0 || other.count() > 0 {
		t.Errorf("others hear it: %d on the channel, %d in the echo", channel.count(), other.count())
	}
	if got := s.do(t.Context(), http.MethodDelete, tk.path, tokenOf(t, claims("b")), "", ""); got.status != http.StatusNotFound {
		t.Errorf("another's session is ended: %d", got.status)
	}
	if got := s.do(t.Context(), http.MethodDelete, tk.path, tokenOf(t, claims("a")), "", ""); got.status != http.StatusOK {
		t.Errorf("its own session is not: %d", got.status)
	}
	if got := s.do(t.Context(), http.MethodPost, "/echo/whip/x", "", respond.SDP, "v=0"); got.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got.status)
	}
	if n := s.redis.Do("EXISTS", "session:a"); n != int64(0) {
		t.Errorf("Redis is told of it: %v", n)
	}
}

// TestEchoGivesWay: a second session of a member ends the first, so that nobody has more
// than two.
func TestEchoGivesWay(t *testing.T) {
	s := newSite(t)
	first, _ := s.echoed("a")
	second, e := s.echoed("a")
	ends(t, first.Publication)
	second.keepSaying("the echo", func() bool { return e.count() > 0 })
	_ = second.Close()
	_ = e.sub.Close()
	eventually(t, "nothing is left of it", func() bool { return s.hub.Sessions() == 0 })
}

func ends(t testing.TB, p *rtc.Publication) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(20 * time.Second):
		t.Error("the former session goes on")
	}
}
