package hub

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// eventually is patient far beyond what is expected: it only ends a hung test.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// events records what a link reports.
type events struct {
	mu       sync.Mutex
	up       bool
	ups      int
	downs    []error // once each time it goes down
	reasons  []error // all
	unheard  []string
	received []media.Packet
}

func (e *events) LinkUp() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.up = true
	e.ups++
}

func (e *events) Unheard(reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unheard = append(e.unheard, reason)
}

func (e *events) LinkDown(reason error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.up {
		e.downs = append(e.downs, reason)
	}
	e.up = false
	e.reasons = append(e.reasons, reason)
}

func (e *events) Receive(p media.Packet) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.Opus = append([]byte(nil), p.Opus...)
	e.received = append(e.received, p)
}

func (e *events) see(t testing.TB, what string, look func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return look()
	})
}

// port runs a link to url; stop ends it and waits.
func joinHub(t testing.TB, cfg Config) (l *Link, e *events, stop func()) {
	t.Helper()
	if cfg.Token == nil {
		cfg.Token = func(context.Context) (string, error) { return "secret", nil }
	}
	if cfg.Engine == nil {
		cfg.Engine = newEngine(t)
	}
	cfg.Channel = "gate"
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l.retry.First, l.retry.Longest = 50*time.Millisecond, 100*time.Millisecond
	l.betterEvery = 50 * time.Millisecond
	e = &events{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, e) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(stop)
	return l, e, stop
}

func clientOf(t testing.TB) *http.Client {
	c := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestTalkIsHeardByOthers(t *testing.T) {
	hub := newStub(t, "127.0.0.1:0")
	north, northEvents, stop := joinHub(t, Config{URL: hub.server.URL})
	_, southEvents, _ := joinHub(t, Config{URL: hub.server.URL + "/"})
	northEvents.see(t, "north up", func() bool { return northEvents.ups == 1 })
	southEvents.see(t, "south up", func() bool { return southEvents.ups == 1 })

	const frames = 25
	for i := range frames {
		if err := north.WriteOpus([]byte{0xF8, byte(i)}, uint32(i*media.FrameSamples), i == 0); err != nil {
			t.Fatal(err)
		}
	}
	southEvents.see(t, "all frames", func() bool { return len(southEvents.received) == frames })
	for i, p := range southEvents.received {
		if p.Opus[1] != byte(i) || p.Marker != (i == 0) {
			t.Fatalf("packet %d is %+v", i, p)
		}
	}
	stop()
	if err := north.WriteOpus([]byte{0xF8}, 0, true); !errors.Is(err, port.ErrLinkDown) {
		t.Errorf("WriteOpus after the end: %v", err)
	}
	hub.see("both sessions deleted", func() bool { return hub.deletes == 2 && len(hub.sessions) == 2 })
	if len(northEvents.downs) != 1 || !errors.Is(northEvents.downs[0], context.Canceled) {
		t.Errorf("downs: %v", northEvents.downs)
	}
}

func TestWriteBeforeTheLinkIsUp(t *testing.T) {
	l, err := New(Config{URL: "http://127.0.0.1:1", Channel: "gate", Engine: newEngine(t),
		Token: func(context.Context) (string, error) { return "", nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WriteOpus([]byte{0xF8}, 0, true); !errors.Is(err, port.ErrLinkDown) {
		t.Errorf("got %v", err)
	}
}

func TestSurvivesTheHubsRestart(t *testing.T) {
	hub := newStub(t, "127.0.0.1:0")
	addr := hub.server.Listener.Addr().String()
	l, e, _ := joinHub(t, Config{URL: hub.server.URL})
	e.see(t, "up", func() bool { return e.ups == 1 })

	hub.close()
	e.see(t, "down", func() bool { return len(e.downs) == 1 })
	hub = newStub(t, addr)
	e.see(t, "up again", func() bool { return e.ups == 2 })
	if err := l.WriteOpus([]byte{0xF8}, 0, true); err != nil {
		t.Fatal(err)
	}
	hub.see("the frame", func() bool { return hub.heard == 1 })
}

func TestAsksForATokenEachTime(t *testing.T) {
	hub := newStub(t, "127.0.0.1:0")
	var mu sync.Mutex
	var n int
	_, e, _ := joinHub(t, Config{URL: hub.server.URL, Token: func(context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == 1 {
			return "", errors.New("token file is gone")
		}
		return strings.Repeat("x", n), nil
	}})
	e.see(t, "up", func() bool { return e.ups == 1 })
	hub.see("two tokens", func() bool {
		return len(hub.tokens) == 2 && hub.tokens[0] != hub.tokens[1] && strings.HasPrefix(hub.tokens[0], "Bearer xx")
	})
}

func TestHearsThoughItMayNotSend(t *testing.T) {
	hub := newStub(t, "127.0.0.1:0")
	hub.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if r.PathValue("kind") == "whip" && strings.HasSuffix(r.Header.Get("Authorization"), "deaf") {
			http.Error(w, `{"error":"no rights"}`, http.StatusForbidden)
			return true
		}
		return false
	}
	_, mute, _ := joinHub(t, Config{URL: hub.server.URL, Token: func(context.Context) (string, error) { return "deaf", nil }})
	speaker, e, _ := joinHub(t, Config{URL: hub.server.URL})
	e.see(t, "up", func() bool { return e.ups == 1 })
	eventually(t, "hears", func() bool {
		_ = speaker.WriteOpus([]byte{0xF8}, 0, true)
		mute.mu.Lock()
		defer mute.mu.Unlock()
		return len(mute.received) > 0
	})
	mute.mu.Lock()
	defer mute.mu.Unlock()
	if mute.ups != 0 {
		t.Error("a link that cannot send is up")
	}
	if len(mute.reasons) == 0 || !errors.Is(mute.reasons[0], port.LinkNoMember) {
		t.Errorf("says %v, want %v", mute.reasons, port.LinkNoMember)
	}
}

func TestRefusesABadConfig(t *testing.T) {
	token := func(context.Context) (string, error) { return "", nil }
	engine := newEngine(t)
	for name, cfg := range map[string]Config{
		"no URL":     {Channel: "c", Token: token, Engine: engine},
		"no scheme":  {URL: "hub:8080", Channel: "c", Token: token, Engine: engine},
		"ftp":        {URL: "ftp://hub", Channel: "c", Token: token, Engine: engine},
		"no channel": {URL: "http://hub", Token: token, Engine: engine},
		"dots":       {URL: "http://hub", Channel: "..", Token: token, Engine: engine},
		"no token":   {URL: "http://hub", Channel: "c", Engine: engine},
		"no engine":  {URL: "http://hub", Channel: "c", Token: token},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	l, err := New(Config{URL: "http://hub/base/", Channel: "a/b", Token: token, Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://hub/base/whip/a%2Fb"; l.send[0].url != want {
		t.Errorf("URL is %s, want %s", l.send[0].url, want)
	}
}
