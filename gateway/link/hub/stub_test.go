package hub

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/rtc"
)

// stub is a channel server that sends everybody all it hears.
type stub struct {
	t      testing.TB
	media  *icelite.Server
	server *httptest.Server

	mu sync.Mutex
	// refuse, when set, may answer a request itself.
	refuse    func(w http.ResponseWriter, r *http.Request) bool
	sessions  map[string]io.Closer
	listeners map[string]*icelite.Subscriber
	posts     []string // kinds
	deletes   int
	tokens    []string
	heard     int
	next      int
}

func newEngine(t testing.TB) *rtc.Engine {
	t.Helper()
	e, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newMedia(t testing.TB) *icelite.Server {
	t.Helper()
	s, err := icelite.NewServer(icelite.Config{UDP: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// newStub listens on addr, "127.0.0.1:0" for any port.
func newStub(t testing.TB, addr string) *stub {
	t.Helper()
	s := &stub{t: t, media: newMedia(t), sessions: map[string]io.Closer{}, listeners: map[string]*icelite.Subscriber{}}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{kind}/{channel}", s.post)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("DELETE /{kind}/{channel}/{id}", s.delete)
	s.server = httptest.NewUnstartedServer(mux)
	_ = s.server.Listener.Close()
	s.server.Listener = listener
	s.server.Start()
	t.Cleanup(s.close)
	return s
}

func (s *stub) post(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := r.PathValue("kind")
	s.posts = append(s.posts, kind)
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	if s.refuse != nil && s.refuse(w, r) {
		return
	}
	offer, _ := io.ReadAll(r.Body)
	s.next++
	id := fmt.Sprint(s.next)
	var answer string
	var err error
	if kind == "whip" {
		var in *icelite.Publisher
		in, answer, err = s.media.AcceptPublisher(string(offer), s.forward)
		s.sessions[id] = in
	} else {
		var out *icelite.Subscriber
		out, answer, err = s.media.AcceptSubscriber(string(offer))
		s.sessions[id], s.listeners[id] = out, out
	}
	if err != nil {
		s.t.Error(err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", r.URL.Path+"/"+id)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

func (s *stub) forward(p *rtp.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard++
	for _, l := range s.listeners {
		_ = l.WriteRTP(p)
	}
}

func (s *stub) delete(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	session := s.sessions[r.PathValue("id")]
	delete(s.sessions, r.PathValue("id"))
	delete(s.listeners, r.PathValue("id"))
	s.deletes++
	s.mu.Unlock()
	if session == nil {
		http.NotFound(w, r)
		return
	}
	_ = session.Close()
}

// close ends the stub as a hub that is shut down does.
func (s *stub) close() {
	s.server.Close()
	s.mu.Lock()
	sessions := s.sessions
	s.sessions, s.listeners = map[string]io.Closer{}, map[string]*icelite.Subscriber{}
	s.mu.Unlock()
	for _, session := range sessions {
		_ = session.Close()
	}
}

// see waits until look, called with the lock held, is satisfied.
func (s *stub) see(what string, look func() bool) {
	s.t.Helper()
	eventually(s.t, what, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return look()
	})
}
