package voiceping

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// FuzzPushed gives a session whatever a server may push.
func FuzzPushed(f *testing.F) {
	file, err := os.Open("testdata/wire.log")
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	entries, err := wire.ReadSession(file)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if !e.Sent {
			f.Add([]byte(e.Text))
		}
	}
	f.Add([]byte(`{"type":"channel-state","data":{"channelId":"c1","success":true}}`))
	f.Add([]byte(`{"type":"channel-state","data":{"type":"permission-update","data":{"removed":["c1"],"pendingRemoval":true}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		frame, err := wire.Parse(text)
		if err != nil {
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := &Link{cfg: Config{UserID: "u1", Channel: "c1", Monitor: []string{"c2"}, State: unread{}}, log: slog.New(slog.DiscardHandler), members: newRoster()}
		s := &session{link: l, ctx: ctx, lost: make(chan error, 1), news: make(chan struct{}, 1), talkers: make(map[string]talker),
			monitored: map[string]monitored{"c2": {left: make(chan struct{}, 1), back: make(chan struct{}, 1)}}}
		for range 2 { // also when nobody has looked yet
			s.pushed(frame)
		}
		s.warnOfUnheard()
		s.work.Wait()
		for _, v := range l.members.all() {
			if !s.listens(v.channel) || v.producer == "" {
				t.Fatalf("learned %+v", v)
			}
		}
	})
}

// unread is a Redis that need not be read again.
type unread struct{ State }

func (unread) RefreshFloor(string) {}

// FuzzRefusal reads what a server says in place of a WebSocket.
func FuzzRefusal(f *testing.F) {
	f.Add(429, "Too many authentication attempts, retry after 900000ms", "")
	f.Add(429, "", "120")
	f.Add(401, "Unauthorized: Missing token", "")
	f.Fuzz(func(t *testing.T, status int, text, header string) {
		e := handshakeError(status, text, header)
		if e.RetryAfter < 0 || e.RetryAfter > window {
			t.Fatalf("waits %v", e.RetryAfter)
		}
		now := time.Unix(0, 0)
		if wait := newCaller(1).call(now, e, 0).Sub(now); wait <= 0 || wait > window+window/logins {
			t.Fatalf("waits %v", wait)
		}
	})
}

// FuzzExpiry reads the end of a token.
func FuzzExpiry(f *testing.F) {
	f.Add("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3OTUzOTg2NDl9.c2ln")
	f.Add("a.b.c")
	f.Add("e30.eyJleHAiOjFlMzAwfQ.c2ln") // further than a time can tell
	f.Fuzz(func(t *testing.T, token string) {
		if end, err := expiry(token); err == nil && end.Unix() <= 0 {
			t.Fatalf("ends at %v", end)
		}
	})
}
