package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const channelID = "ops"

var secret = []byte("a secret of thirty-two bytes, 123")

// eventually is patient far beyond what is expected, but less than the 30 s after
// which Redis is read again whatever happens.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// site is a hub with a real Redis, and an engine for its ports.
type site struct {
	t      testing.TB
	redis  *redistest.Server
	state  *redis.Client
	hub    *Hub
	media  *lastListener
	port   *rtc.Engine
	http   *http.Client
	stop   func() error
	scheme string
}

func newSite(t testing.TB, change ...func(*Config)) *site {
	t.Helper()
	srv := redistest.Start(t)
	return newSiteOn(t, srv, srv.URL, change...)
}

// newSiteOn has the hub reach Redis by url.
func newSiteOn(t testing.TB, srv *redistest.Server, url string, change ...func(*Config)) *site {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s := &site{t: t, scheme: "http", redis: srv, http: &http.Client{Transport: &http.Transport{}}}
	s.state = s.client(url)
	s.port = engine(t, rtc.Config{})
	cfg := Config{
		Listen: "127.0.0.1:0",
		Secret: secret,
		State:  s.state,
		Media:  mediaServer(t, icelite.Config{PeerTimeout: 2 * time.Second}),
		Logger: log,
	}
	for _, f := range change {
		f(&cfg)
	}
	s.media = &lastListener{MediaServer: cfg.Media}
	cfg.Media = s.media
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.hub = h
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	s.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.http.CloseIdleConnections()
	})
	return s
}

// lastListener remembers the connection of who listens since last.
type lastListener struct {
	MediaServer
	out atomic.Pointer[icelite.Subscriber]
}

func (l *lastListener) AcceptSubscriber(offer string) (*icelite.Subscriber, string, error) {
	p, answer, err := l.MediaServer.AcceptSubscriber(offer)
	l.out.Store(p)
	return p, answer, err
}

func mediaServer(t testing.TB, cfg icelite.Config) *icelite.Server {
	t.Helper()
	cfg.UDP = "127.0.0.1:0"
	s, err := icelite.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func engine(t testing.TB, cfg rtc.Config) *rtc.Engine {
	t.Helper()
	cfg.Interfaces = []string{"lo"}
	e, err := rtc.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (s *site) client(url string) *redis.Client {
	s.t.Helper()
	c, err := redis.Open(conn.Config{URL: url})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// claims are those of a member of the channel.
func claims(user string) *auth.Claims {
	return &auth.Claims{
		UserID: user, UserName: strings.ToUpper(user), Role: "GENERAL", ChannelIDs: []string{channelID},
		RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))},
	}
}

// tokenOf signs claims.
func tokenOf(t testing.TB, c *auth.Claims) string {
	t.Helper()
	token, err := c.Sign(secret)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do makes a request with a token, or without if it is empty.
func (s *site) do(ctx context.Context, method, path, token, contentType, body string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.scheme+"://"+s.hub.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return s.send(req)
}

func (s *site) send(req *http.Request) answer {
	s.t.Helper()
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

func (s *site) as(user, method, path string) answer {
	s.t.Helper()
	return s.do(s.t.Context(), method, path, tokenOf(s.t, claims(user)), "", "")
}

// allow gives users the right to talk.
func (s *site) allow(users ...string) {
	s.t.Helper()
	for _, u := range users {
		s.redis.Do("SADD", "u."+u+".g", channelID)
		s.publishRights(u, channelID)
	}
}

// publishRights tells of a user's whole new list, as the control plane does.
func (s *site) publishRights(user string, channels ...string) {
	s.t.Helper()
	b, _ := json.Marshal(map[string]any{"eventId": "e", "userId": user, "channelIds": append([]string{}, channels...), "action": "set_user_channels"})
	s.redis.Do("PUBLISH", redis.MembershipUpdates, string(b))
}

// exchange posts an offer as a user; where is told the session's path.
func (s *site) exchange(kind, user string, where *string) rtc.Exchange {
	return s.exchangeOn(channelID, kind, claims(user), where)
}

func (s *site) exchangeOn(channel, kind string, c *auth.Claims, where *string) rtc.Exchange {
	return func(ctx context.Context, offer string) (string, error) {
		a := s.do(ctx, "POST", "/"+kind+"/"+channel, tokenOf(s.t, c), respond.SDP, offer)
		if a.status != http.StatusCreated {
			return "", fmt.Errorf("%s: %d %s", kind, a.status, a.body)
		}
		if where != nil {
			at, err := url.Parse("/" + kind + "/" + channel)
			if err == nil {
				at, err = at.Parse(a.header.Get("Location"))
			}
			if err != nil {
				return "", err
			}
			*where = at.EscapedPath()
		}
		return a.body, nil
	}
}

// Take takes the floor as a port does, for longer than any test waits.
func (s *site) take(user string) redis.Claim {
	s.t.Helper()
	cl := redis.NewClaim(channelID, user, strings.ToUpper(user), time.Now(), time.Hour)
	d, err := s.state.Acquire(s.t.Context(), cl)
	if err != nil || d.Verdict != redis.Granted {
		s.t.Fatalf("%s asks for the floor: %+v, %v", user, d, err)
	}
	return cl
}

func (s *site) release(cl redis.Claim) {
	s.t.Helper()
	if ok, err := s.state.Release(s.t.Context(), cl); !ok || err != nil {
		s.t.Fatalf("release: %v, %v", ok, err)
	}
}

// admits waits until the hub's own view lets user be heard, or nobody for "".
func (s *site) admits(user string) {
	s.t.Helper()
	eventually(s.t, "the gate admits "+user, func() bool { return s.admitted() == user })
}

// draining is whether a packet may be on its way to a listener.
func (s *site) draining() bool {
	return s.hub.channels.Find(channelID).Forwarder.Writing()
}

func (s *site) admitted() string {
	return s.admittedOn(channelID)
}

// knows waits until the hub knows that user may talk, or may not.
func (s *site) knows(user string, talk bool) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("the hub knows that %s may talk: %v", user, talk), func() bool {
		for _, m := range s.snapshot().Members {
			if m.UserID == user {
				return m.Rights != nil && *m.Rights == talk
			}
		}
		return false
	})
}

func (s *site) snapshot() channel.Snapshot {
	ch := s.hub.channels.Find(channelID)
	if ch == nil {
		return channel.Snapshot{}
	}
	return ch.Snapshot(time.Now())
}
