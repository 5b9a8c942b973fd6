package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/channel"
)

// stream is an event stream being read.
type stream struct {
	mu      sync.Mutex
	states  []channel.Snapshot
	notices []channel.Notice
	levels  []map[string]float64
	close   func()
}

func (s *site) stream(user string) *stream {
	s.t.Helper()
	return s.streamFrom(s.hub.Addr().String(), user)
}

func (s *site) streamFrom(addr, user string) *stream {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+addr+"/api/channels/"+channelID+"/events", nil)
	req.Header.Set("Authorization", "Bearer "+tokenOf(s.t, claims(user)))
	resp, err := s.http.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("event stream: %v, %v", resp, err)
	}
	st := &stream{}
	done := make(chan struct{})
	go func() { defer close(done); defer resp.Body.Close(); st.read(resp.Body) }()
	st.close = sync.OnceFunc(func() { cancel(); <-done })
	s.t.Cleanup(st.close)
	st.see(s.t, "a first state", func() bool { return len(st.states) > 0 })
	return st
}

func (st *stream) read(r io.Reader) {
	var kind string
	buf := make([]byte, 0, 4096)
	chunk := make([]byte, 4096)
	for {
		n, err := r.Read(chunk)
		buf = append(buf, chunk[:n]...)
		for {
			line, rest, ok := bytes.Cut(buf, []byte("\n"))
			if !ok {
				break
			}
			buf = rest
			if k, ok := bytes.CutPrefix(line, []byte("event: ")); ok {
				kind = string(k)
			} else if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				st.put(kind, data)
			}
		}
		if err != nil {
			return
		}
	}
}

func (st *stream) put(kind string, data []byte) {
	st.mu.Lock()
	defer st.mu.Unlock()
	switch kind {
	case "state":
		var s channel.Snapshot
		_ = json.Unmarshal(data, &s)
		st.states = append(st.states, s)
	case "notice":
		var n channel.Notice
		_ = json.Unmarshal(data, &n)
		st.notices = append(st.notices, n)
	case "levels":
		var l struct{ Levels map[string]float64 }
		_ = json.Unmarshal(data, &l)
		st.levels = append(st.levels, l.Levels)
	}
}

func (st *stream) see(t testing.TB, what string, look func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		st.mu.Lock()
		defer st.mu.Unlock()
		return look()
	})
}

func (st *stream) holder() string {
	if h := st.states[len(st.states)-1].Holder; h != nil {
		return h.UserID
	}
	return ""
}
