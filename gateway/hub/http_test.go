package hub

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/media/rtc/rtctest"
	"github.com/talkgate/talkgate/media/sdp"
)

const whipPath, eventsPath = "/whip/" + channelID, "/api/channels/" + channelID + "/events"

// sign makes a token of c with any method and key.
func sign(t testing.TB, m jwt.SigningMethod, key any, c jwt.Claims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(m, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTokens(t *testing.T) {
	s := newSite(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*auth.Claims)) string {
		c := claims("a")
		change(c)
		return tokenOf(t, c)
	}
	good := tokenOf(t, claims("a"))
	for _, tc := range []struct {
		name, token string
		status      int
		says        string
	}{
		{"good", good, 406, "offer"},
		{"missing", "", 401, "Authorization"},
		{"junk", "junk", 401, "cannot be used"},
		{"no signature", good[:strings.LastIndex(good, ".")+1], 401, "HS256"},
		{"expired", with(func(c *auth.Claims) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute)) }), 401, "expired"},
		{"without expiry", with(func(c *auth.Claims) { c.ExpiresAt = nil }), 401, "exp"},
		{"not valid yet", with(func(c *auth.Claims) { c.NotBefore = jwt.NewNumericDate(time.Now().Add(time.Hour)) }), 401, "not valid yet"},
		{"foreign secret", sign(t, jwt.SigningMethodHS256, []byte("another secret of thirty-two byt"), claims("a")), 401, "secret"},
		{"algorithm none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims("a")), 401, "HS256"},
		{"algorithm HS512", sign(t, jwt.SigningMethodHS512, secret, claims("a")), 401, "HS256"},
		{"algorithm RS256", sign(t, jwt.SigningMethodRS256, rsaKey, claims("a")), 401, "HS256"},
		{"without user", with(func(c *auth.Claims) { c.UserID = "" }), 401, "userId"},
		{"user too long", with(func(c *auth.Claims) { c.UserID = strings.Repeat("x", auth.MaxName+1) }), 401, "userId"},
		{"another channel", with(func(c *auth.Claims) { c.ChannelIDs = []string{"other"} }), 403, "channel"},
		{"no channel", with(func(c *auth.Claims) { c.ChannelIDs = nil }), 403, "channel"},
		{"admin of all", with(func(c *auth.Claims) { c.ChannelIDs, c.GlobalRole = nil, "ADMIN" }), 406, "offer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := s.do(t.Context(), "POST", whipPath, tc.token, respond.SDP, "v=0")
			if a.status != tc.status || !strings.Contains(a.body, tc.says) || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("%d %s, want %d and %q", a.status, a.body, tc.status, tc.says)
			}
			if a.status == 401 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("401 with WWW-Authenticate %q", a.header.Get("WWW-Authenticate"))
			}
			if tc.token != "" && strings.Contains(a.body, tc.token) {
				t.Error("the answer repeats the token")
			}
		})
	}
	for _, path := range []string{"POST " + whipPath, "DELETE " + whipPath + "/1", "POST /whep/ops", "DELETE /whep/ops/1",
		"PUT " + floorPath, "DELETE " + floorPath, "GET " + eventsPath, "PUT /api/channels/ops/members/a/rights"} {
		method, path, _ := strings.Cut(path, " ")
		if a := s.do(t.Context(), method, path, "", "", ""); a.status != 401 {
			t.Errorf("%s %s without token: %d", method, path, a.status)
		}
	}
}

func TestOffers(t *testing.T) {
	s := newSite(t)
	token := tokenOf(t, claims("a"))
	const noOpus = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\na=mid:0\r\n"
	for _, tc := range []struct {
		name, contentType, body string
		status                  int
		says                    string
	}{
		{"empty", respond.SDP, "", 406, "Opus"},
		{"junk", respond.SDP, "\x00\xff junk", 400, "offer"},
		{"no audio", respond.SDP, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", 406, "Opus"},
		{"no Opus", respond.SDP, noOpus, 406, "Opus"},
		{"too long", respond.SDP, strings.Repeat("a=x\r\n", sdp.MaxSize/4), 413, "64 KiB"},
		{"not SDP", "application/json", "{}", 415, respond.SDP},
		{"no type", "", "v=0", 415, respond.SDP},
	} {
		for _, kind := range []string{whip.KindWHIP, whip.KindWHEP} {
			a := s.do(t.Context(), "POST", "/"+kind+"/"+channelID, token, tc.contentType, tc.body)
			if a.status != tc.status || !strings.Contains(a.body, tc.says) {
				t.Errorf("%s, %s: %d %s, want %d and %q", kind, tc.name, a.status, a.body, tc.status, tc.says)
			}
		}
	}
	// None of them left anything behind that would be in the way of a good one.
	s.talker("a")
	if n := len(s.snapshot().Members); n != 1 {
		t.Errorf("%d members", n)
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t)
	token := tokenOf(t, claims("a"))
	for _, tc := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"PATCH", whipPath + "/1", 404, ""},
		{"PUT", "/whep/ops/1", 405, "DELETE, OPTIONS, PATCH"},
		{"GET", whipPath, 405, "OPTIONS, POST"},
		{"PUT", whipPath, 405, "OPTIONS, POST"},
		{"DELETE", whipPath + "/unknown", 404, ""},
		{"OPTIONS", whipPath, 204, "OPTIONS, POST"},
		{"POST", whipPath + "/", 404, ""},
		{"OPTIONS", whipPath + "/1", 204, "DELETE, OPTIONS, PATCH"},
		{"OPTIONS", floorPath, 204, "DELETE, GET, OPTIONS, PUT"},
		{"POST", floorPath, 404, ""},
		{"GET", "/api/nothing", 404, ""},
		{"POST", "/whip/%01", 400, ""},
		{"POST", "/whip/" + strings.Repeat("x", auth.MaxName+1), 400, ""},
		{"GET", "/healthz", 200, ""},
		{"GET", "/metrics", 200, ""},
		{"GET", "/", 200, ""},
	} {
		a := s.do(t.Context(), tc.method, tc.path, token, "", "")
		if a.status != tc.status || a.header.Get("Allow") != tc.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", tc.method, tc.path, a.status, a.header.Get("Allow"), tc.status, tc.allow)
		}
		if tc.method == "OPTIONS" && (a.header.Get("Accept-Post") != respond.SDP || a.header.Get("Access-Control-Allow-Headers") == "") {
			t.Errorf("OPTIONS %s: %v", tc.path, a.header)
		}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
			if a.header.Get(name) == "" {
				t.Errorf("%s %s: no %s", tc.method, tc.path, name)
			}
		}
	}
	if m := s.do(t.Context(), "GET", "/metrics", "", "", "").body; !strings.Contains(m, `talkgate_hub_http_requests_total{code="405",method="put"} 2`) {
		t.Errorf("metrics do not count requests:\n%s", m)
	}
}

// A member has one WHIP session while it lives; another's is its own business.
func TestSecondSessionIsRefusedWhileTheFirstLives(t *testing.T) {
	s := newSite(t)
	s.allow("a")
	a, e := s.talker("a"), s.ear("b")
	_, err := s.port.Publish(t.Context(), s.exchange(whip.KindWHIP, "a", nil))
	if err == nil || !strings.Contains(err.Error(), "409") {
		t.Fatalf("second session: %v", err)
	}
	if r := s.do(t.Context(), "POST", whipPath, tokenOf(t, claims("a")), respond.SDP, "v=0"); r.header.Get("Retry-After") == "" {
		t.Error("409 without Retry-After")
	}
	s.talker("b")
	if r := s.as("b", "DELETE", a.path); r.status != 404 {
		t.Errorf("b ends a's session: %d", r.status)
	}
	s.knows("a", true)
	s.take("a")
	a.keepSaying("the first is still heard", func() bool { return e.count() > 3 })
	if r := s.as("a", "DELETE", a.path); r.status != 200 {
		t.Errorf("end the session: %d %s", r.status, r.body)
	}
	s.talker("a")
}

// A session whose port died without a word makes room within the peer timeout.
func TestDeadSessionIsReplaced(t *testing.T) {
	s := newSite(t)
	cable := rtctest.NewCable(t)
	p, err := s.port.Publish(t.Context(), func(ctx context.Context, offer string) (string, error) {
		answer, err := s.exchange(whip.KindWHIP, "a", nil)(ctx, offer)
		return cable.Through(answer), err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	cable.Cut() // nobody is told
	eventually(t, "the second session is taken", func() bool {
		p, err := s.port.Publish(t.Context(), s.exchange(whip.KindWHIP, "a", nil))
		if err == nil {
			_ = p.Close()
		}
		return err == nil
	})
}

func TestSessionsAreBounded(t *testing.T) {
	s := newSite(t, func(c *Config) { c.MaxSessions = channel.MaxListeners + 1 })
	for range channel.MaxListeners {
		s.ear("a")
	}
	_, err := s.port.Subscribe(t.Context(), s.exchange(whip.KindWHEP, "a", nil), nil)
	if err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("one listener too many of a member: %v", err)
	}
	s.ear("b")
	_, err = s.port.Publish(t.Context(), s.exchange(whip.KindWHIP, "c", nil))
	if err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("one session too many for the hub: %v", err)
	}
	for range channel.MaxStreams {
		s.stream("a")
	}
	if r := s.as("a", "GET", eventsPath); r.status != 429 {
		t.Errorf("one event stream too many: %d", r.status)
	}
	s.stream("b")
}

// One user who asks too often is told so; others are served.
func TestRequestsAreLimited(t *testing.T) {
	s := newSite(t)
	const yield = floorPath
	limited := 0
	for range 4 * auth.RequestsPerSecond {
		if r := s.as("greedy", "DELETE", yield); r.status == http.StatusTooManyRequests {
			limited++
			if r.header.Get("Retry-After") == "" {
				t.Fatal("429 without Retry-After")
			}
			break
		}
	}
	if limited == 0 {
		t.Error("nothing was limited")
	}
	if r := s.as("modest", "DELETE", yield); r.status != http.StatusNoContent {
		t.Errorf("another user: %d", r.status)
	}
	for range auth.RefusalsPerMinute {
		s.do(t.Context(), "DELETE", yield, "guess", "", "")
	}
	if r := s.do(t.Context(), "DELETE", yield, "guess", "", ""); r.status != http.StatusTooManyRequests {
		t.Errorf("guessing tokens: %d", r.status)
	}
	if r := s.as("modest", "DELETE", yield); r.status != http.StatusNoContent {
		t.Errorf("a good token after another's guesses: %d", r.status)
	}
}

// A client that dawdles over its request is hung up on.
func TestSlowClientIsHungUpOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn, err := net.Dial("tcp", s.hub.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow:"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("still connected")
	}
}

// An event stream outlives the times within which a request must be read and
// answered.
func TestEventStreamOutlivesTheServersTimeouts(t *testing.T) {
	s := newSite(t)
	srv := newServer(s.hub.Handler(), slog.New(slog.DiscardHandler))
	srv.ReadTimeout, srv.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	st := s.streamFrom(l.Addr().String(), "a")
	time.Sleep(5 * srv.ReadTimeout)
	s.allow("a")
	st.see(t, "a change after the timeouts", func() bool {
		m := st.states[len(st.states)-1].Members
		return len(m) == 1 && m[0].Rights != nil && *m[0].Rights
	})
}

func TestNewExplainsWhatIsWrong(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newSite(t)
	good := s.hub.cfg
	good.Metrics = nil
	for _, tc := range []struct {
		change func(*Config)
		says   string
	}{
		{func(c *Config) { c.Listen = l.Addr().String() }, "address already in use"},
		{func(c *Config) { c.Listen = "nowhere" }, `"nowhere"`},
		{func(c *Config) { c.Secret = c.Secret[:8] }, "8 bytes"},
		{func(c *Config) { c.State = nil }, "Config.State"},
		{func(c *Config) { c.Media = nil }, "Config.Media"},
		{func(c *Config) { c.Lease = time.Hour }, "lease"},
	} {
		cfg := good
		tc.change(&cfg)
		_, err := New(cfg)
		if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), string(secret)) {
			t.Errorf("%v, want %q", err, tc.says)
		}
	}
}

// A page whose own name leads to the hub does not read its metrics.
func TestMetricsAreOfThisHost(t *testing.T) {
	s := newSite(t)
	for host, status := range map[string]int{
		"": 200, "localhost": 200, "localhost:8080": 200, "192.0.2.1:80": 200, "[2001:db8::1]:80": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:8080": 421, "localhost.evil.example": 421,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.hub.Addr().String()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		if a := s.send(req); a.status != status || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("Host %q: %d, origin %q; want %d and none", host, a.status, a.header.Get("Access-Control-Allow-Origin"), status)
		}
	}
}
