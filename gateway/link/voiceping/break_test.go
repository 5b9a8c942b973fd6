package voiceping

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

func down(st gateway.Status) bool { return !st.Lamps.Link }
func up(st gateway.Status) bool   { return st.Lamps.Link }

// mended breaks a talking port, and finds it down, silent, without a lock, and
// then talking again.
func mended(t *testing.T, s *site, a *radio, breakIt func()) {
	t.Helper()
	a.talk()
	broken := time.Now()
	breakIt()
	a.await("notices", down)
	t.Logf("noticed after %v", time.Since(broken))
	if p := a.now().Floor.Phase; p != floor.Refused {
		t.Errorf("phase %v after the break", p)
	}
	until(t, "no lock is left", func() bool { return s.lock() == "" })
	a.release()
	a.await("is back", up)
	t.Logf("mended after %v", time.Since(broken))
	a.talk()
	a.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
}

func TestAServerThatRestartsIsJoinedAgain(t *testing.T) {
	s := newSite(t)
	mended(t, s, s.radio("u1", redis.RoleGeneral), s.server.Restart)
}

func TestAWorkerThatCrashesIsNoticed(t *testing.T) {
	s := newSite(t)
	mended(t, s, s.radio("u1", redis.RoleGeneral), s.server.CrashWorker)
}

func TestConsentThatExpiresIsNoticed(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	mended(t, s, a, func() {
		s.server.Deafen(true)
		a.await("notices", down)
		s.server.Deafen(false)
	})
}

func TestAVoiceThatIsNotAcknowledgedIsNoticed(t *testing.T) {
	s := newSite(t)
	mended(t, s, s.radio("u1", redis.RoleGeneral), s.server.LoseProducers)
}

// relay carries the WebSocket and can go silent without closing.
type relay struct {
	url    string
	mu     sync.Mutex
	frozen map[net.Conn]bool
	all    []net.Conn
}

func newRelay(t *testing.T, target string) *relay {
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{frozen: make(map[net.Conn]bool), url: "ws://" + l.Addr().String() + u.Path}
	var work sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		for _, c := range r.all {
			_ = c.Close()
		}
		r.mu.Unlock()
		work.Wait()
	})
	work.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", u.Host)
			if err != nil {
				_ = in.Close()
				continue
			}
			r.mu.Lock()
			r.all = append(r.all, in, out)
			r.mu.Unlock()
			work.Go(func() { r.copy(in, out, in) })
			work.Go(func() { r.copy(out, in, in) })
		}
	})
	return r
}

// copy carries one way of the connection that in names; frozen, it swallows
// what comes, and the end of it too.
func (r *relay) copy(from, to, in net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		r.mu.Lock()
		frozen := r.frozen[in]
		r.mu.Unlock()
		if frozen {
			if err != nil {
				return
			}
			continue
		}
		if err != nil {
			_ = to.Close()
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// freeze makes the present connections half-open for good.
func (r *relay) freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.all {
		r.frozen[c] = true
	}
}

// TestAHalfOpenConnectionAndItsReaping loses the WebSocket without a word: the
// port comes back on a new one, and once more when the server reaps the old one
// and the new one's media with it.
func TestAHalfOpenConnectionAndItsReaping(t *testing.T) {
	s := newSite(t)
	r := newRelay(t, s.server.URL)
	s.server.URL = r.url
	a := s.radio("u1", redis.RoleGeneral)
	a.talk()
	r.freeze()
	a.await("notices", down)
	a.release()
	a.await("is back", up)
	// The old connection's grant may still be in Redis: as the port's own, or
	// gone. Either way it is not in the way.
	a.talk()
	s.server.Reap("u1")
	a.await("notices the reaping", down)
	a.release()
	a.await("is back again", up)
	until(t, "no lock is left", func() bool { return s.lock() == "" })
	a.talk()
	if n := s.server.Frames(wire.Produce); n != 3 {
		t.Errorf("%d producers, want one a session: 3", n)
	}
}
