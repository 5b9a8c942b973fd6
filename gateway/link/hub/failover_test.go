package hub

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

// count is how many sessions a stub has.
func (s *stub) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// TestAnotherHubIsTriedAtOnce, and left again when the preferred one answers.
func TestAnotherHubIsTriedAtOnce(t *testing.T) {
	first, second := newStub(t, "127.0.0.1:0"), newStub(t, "127.0.0.1:0")
	addr := first.server.Listener.Addr().String()
	l, e, _ := joinHub(t, Config{URL: first.server.URL, Fallback: []string{second.server.URL}})
	e.see(t, "up on the first", func() bool { return e.ups == 1 })
	if n := second.count(); n != 0 {
		t.Errorf("%d sessions on the fallback", n)
	}
	first.close()
	eventually(t, "both legs are on the second", func() bool { return second.count() == 2 })
	e.see(t, "up", func() bool { return e.up })
	if err := l.WriteOpus([]byte{0xF8}, 0, true); err != nil {
		t.Error(err)
	}
	first = newStub(t, addr)
	eventually(t, "both legs are on the first again", func() bool { return first.count() == 2 })
	e.see(t, "up", func() bool { return e.up })
}

// TestAHubThatHangsIsPassedOver when it accepts connections and says nothing.
func TestAHubThatHangsIsPassedOver(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	second := newStub(t, "127.0.0.1:0")
	_, e, _ := joinHub(t, Config{URL: "http://" + silent.Addr().String(), Fallback: []string{second.server.URL}})
	e.see(t, "up on the second", func() bool { return e.ups == 1 })
}

// TestARefusalIsNotTakenElsewhere: the other hub would say the same.
func TestARefusalIsNotTakenElsewhere(t *testing.T) {
	first, second := newStub(t, "127.0.0.1:0"), newStub(t, "127.0.0.1:0")
	first.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "no rights", http.StatusForbidden)
		return true
	}
	_, e, _ := joinHub(t, Config{URL: first.server.URL, Fallback: []string{second.server.URL}})
	e.see(t, "refused more than once", func() bool { return len(e.reasons) > 3 })
	second.mu.Lock()
	defer second.mu.Unlock()
	if len(second.posts) != 0 {
		t.Errorf("the second hub is asked %d times", len(second.posts))
	}
}

func TestRefusesABadFallback(t *testing.T) {
	_, err := New(Config{URL: "http://hub", Fallback: []string{"hub:8080"}, Channel: "c"})
	if err == nil || !strings.Contains(err.Error(), "want http://") {
		t.Errorf("says %v", err)
	}
}
