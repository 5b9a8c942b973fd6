// Package standin is a VoicePing server for tests: its signalling, its use of
// Redis, its media, and what is wrong with each of them, as a session recorded
// from the real one shows (testdata/wire.log).
//
// What it does badly it does on purpose: a stop by anybody tells everybody that
// the channel is idle; a lock is read, compared and deleted in three steps, and
// what a member asks meanwhile is handled in between; while Redis is away commands
// wait, and a press of long ago is granted when it is back; a
// revoked talker goes on; a producer made after the grant stays paused; J joins
// bring J copies of each change of speaker; a leave unsubscribes the channel.
package standin

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// Config is what a Server is made of.
type Config struct {
	// Redis is host:port of the shared Redis.
	Redis string
	// Secret signs tokens.
	Secret []byte
	// Connections a minute and Authentications in 15 minutes are per address;
	// zero is the real server's 60 and 40.
	Connections, Authentications int
	// Members is how many a channel takes; zero is the real server's 100.
	Members int
	// Reap is how long a connection may miss pings; zero is 30 s.
	Reap time.Duration
	// Announce, if not nil, gives the address to tell members in the place of
	// the one that media is heard on, as a server behind a NAT does.
	Announce func(*net.UDPAddr) *net.UDPAddr
	Logger   *slog.Logger
}

// Server is the stand-in. Its methods may be called from any goroutine.
type Server struct {
	URL string // ws://host:port/ws

	cfg  Config
	rdb  *goredis.Client
	http *httptest.Server
	log  *slog.Logger
	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	mu         sync.Mutex
	members    map[string]*member // by userId: the newest connection
	conns      map[*member]struct{}
	channels   map[string]*channel
	transports map[string]*transport
	broadcasts map[string]*broadcast
	deaf       atomic.Bool
	frames     map[wire.Type]int
	dials      int
	between    func(step string)
}

// Start serves until Close.
func Start(cfg Config) *Server {
	if cfg.Connections == 0 {
		cfg.Connections = 60
	}
	if cfg.Authentications == 0 {
		cfg.Authentications = 40
	}
	if cfg.Members == 0 {
		cfg.Members = 100
	}
	if cfg.Reap == 0 {
		cfg.Reap = 30 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		cfg: cfg, log: cfg.Logger,
		rdb:        goredis.NewClient(&goredis.Options{Addr: cfg.Redis}),
		members:    make(map[string]*member),
		conns:      make(map[*member]struct{}),
		channels:   make(map[string]*channel),
		transports: make(map[string]*transport),
		broadcasts: make(map[string]*broadcast),
		frames:     make(map[wire.Type]int),
		between:    func(string) {},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.listen("127.0.0.1:0")
	s.work.Go(s.followPermissions)
	return s
}

func (s *Server) listen(addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		panic(fmt.Sprintf("stand-in: %v", err)) // loopback is there, or no test can run
	}
	s.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: s}}
	s.http.Start()
	s.URL = "ws" + strings.TrimPrefix(s.http.URL, "http") + "/ws"
}

// Close ends everything.
func (s *Server) Close() {
	s.stop()
	s.dropAll()
	s.http.CloseClientConnections()
	s.http.Close()
	s.work.Wait()
	_ = s.rdb.Close()
}

// Restart loses every connection and every transport, as a crash does, and
// serves again on the same address.
func (s *Server) Restart() {
	addr := s.http.Listener.Addr().String()
	s.dropAll()
	s.http.CloseClientConnections()
	s.http.Close()
	s.mu.Lock()
	s.members, s.channels = make(map[string]*member), make(map[string]*channel)
	s.mu.Unlock()
	s.listen(addr)
}

func (s *Server) dropAll() {
	s.mu.Lock()
	var conns []*member
	for m := range s.conns {
		conns = append(conns, m)
	}
	s.mu.Unlock()
	s.CrashWorker()
	for _, m := range conns {
		_ = m.ws.CloseNow()
		<-m.over
	}
}

// Between sets what is called between the steps of what should be atomic:
//
//	join:checked           the member may join, and has not yet
//	ptt-stop:paused        the producer is paused, the lock still there
//	ptt-stop:get           the lock was read, and not yet deleted
//	ptt-start:nx           the lock was refused, its holder not yet read
//	ptt-start:set          the lock was taken, the producer still paused
//	ptt-start:resumed      the producer is resumed, the reply not yet sent
//	priority:look          a priority call is about to look for a lock
//	priority:idle          it found none
//	emergency:interrupted  the talkers were told, their locks not yet tried
func (s *Server) Between(f func(step string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.between = f
}

func (s *Server) step(name string) {
	s.mu.Lock()
	f := s.between
	s.mu.Unlock()
	f(name)
}

// Frames is how many frames of a type were received.
func (s *Server) Frames(t wire.Type) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frames[t]
}

// Dials is how many WebSocket handshakes were tried.
func (s *Server) Dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// Token makes a token for a member.
func (s *Server) Token(userID, role string, life time.Duration, channels ...string) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"userId": userID, "userName": "Name " + userID, "eventId": "e1", "channelIds": channels,
		"globalRole": "USER", "role": role, "exp": time.Now().Add(life).Unix(),
	}).SignedString(s.cfg.Secret)
	if err != nil {
		panic(fmt.Sprintf("stand-in: token: %v", err))
	}
	return token
}

// ServeHTTP is the WebSocket endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.dials++
	s.mu.Unlock()
	if r.URL.Path != "/ws" {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if _, ok := s.within(r.Context(), "rl:conn:"+host, s.cfg.Connections, time.Minute); !ok {
		http.Error(w, "Too many connection attempts", http.StatusTooManyRequests)
		return
	}
	text := tokenOf(r)
	if text == "" {
		http.Error(w, "Unauthorized: Missing token", http.StatusUnauthorized)
		return
	}
	if wait, ok := s.mayLogIn(r.Context(), host); !ok {
		http.Error(w, fmt.Sprintf("Too many authentication attempts, retry after %dms", wait.Milliseconds()), http.StatusTooManyRequests)
		return
	}
	var c claims
	if _, err := jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return s.cfg.Secret, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired()); err != nil {
		s.loginFailed(r.Context(), host)
		http.Error(w, "Unauthorized: Invalid or expired token", http.StatusUnauthorized)
		return
	}
	if expiry, err := s.rdb.ZScore(r.Context(), "security:banned", c.UserID).Result(); err == nil && expiry > float64(time.Now().UnixMilli()) {
		s.loginFailed(r.Context(), host)
		http.Error(w, "Account is suspended", http.StatusForbidden)
		return
	}
	s.rdb.Del(r.Context(), "rl:fail:"+host)
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		return
	}
	ws.SetReadLimit(wire.MaxFrame)
	s.serve(ws, c)
}

type claims struct {
	UserID     string   `json:"userId"`
	UserName   string   `json:"userName"`
	EventID    string   `json:"eventId"`
	ChannelIDs []string `json:"channelIds"`
	GlobalRole string   `json:"globalRole"`
	Role       string   `json:"role"`
	jwt.RegisteredClaims
}

func tokenOf(r *http.Request) string {
	for p := range strings.SplitSeq(r.Header.Get("Sec-WebSocket-Protocol"), ",") {
		if p = strings.TrimSpace(p); p != "" && p != wire.Subprotocol {
			return p
		}
	}
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return r.URL.Query().Get("token")
}
