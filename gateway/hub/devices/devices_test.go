package devices_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/enroll"
	hubdevices "github.com/talkgate/talkgate/gateway/hub/devices"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/devices"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// site is a hub with HTTPS and a Redis of its own.
type site struct {
	t      *testing.T
	redis  *redistest.Server
	state  *redis.Client
	store  *devices.Store
	server *hubdevices.Server
	https  *httptest.Server
	front  *front
	ca     string

	mu      sync.Mutex
	revoked []string
}

// front is before a hub, to lose what a test wants lost.
type front struct {
	mu   sync.Mutex
	lose func(r *http.Request) bool
	next http.Handler
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	lose := f.lose
	f.mu.Unlock()
	if lose != nil && lose(r) {
		panic(http.ErrAbortHandler)
	}
	f.next.ServeHTTP(w, r)
}

func (f *front) losing(lose func(*http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose = lose
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, redis: redistest.Start(t)}
	state, err := redis.Open(conn.Config{URL: s.redis.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = state.Close() })
	s.state, s.store = state, devices.New(state)
	mux := http.NewServeMux()
	s.front = &front{next: mux}
	s.https = httptest.NewTLSServer(s.front)
	t.Cleanup(s.https.Close)
	s.ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.https.Certificate().Raw}))
	s.server = hubdevices.New(hubdevices.Config{
		Store: s.store, Secret: []byte(strings.Repeat("s", 32)),
		Sign: func(d devices.Device, _ time.Duration) (string, error) {
			return "token of " + d.UserID + " " + d.KeyID, nil
		},
		Site:    hubdevices.Site{HubCA: s.ca, RedisURL: s.redis.URL},
		Revoked: func(user string) { s.mu.Lock(); defer s.mu.Unlock(); s.revoked = append(s.revoked, user) },
	})
	mux.HandleFunc("POST "+enroll.JoinPath, s.server.Begin)
	mux.HandleFunc("POST "+enroll.JoinPath+"/{session}", s.server.Step)
	mux.HandleFunc("GET "+enroll.TokenPath, s.server.Challenge)
	mux.HandleFunc("POST "+enroll.TokenPath, s.server.Token)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.server.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

func (s *site) invite(inv devices.Invitation) enroll.Code {
	s.t.Helper()
	_, code, err := hubdevices.Invite(s.t.Context(), s.store, inv, time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

func gate() devices.Invitation {
	return devices.Invitation{UserID: "north-gate", Channels: []string{"gates"}, By: "boss"}
}

// board is a board that joins, in memory.
type board struct {
	enroll.Joiner
	kept, placed, discarded bool
}

func (s *site) board(code enroll.Code) *board {
	s.t.Helper()
	key, err := enroll.NewKey()
	if err != nil {
		s.t.Fatal(err)
	}
	b := &board{}
	b.Joiner = enroll.Joiner{Hub: s.https.URL, Code: code, Host: "pi", Key: key, Keep: func(enroll.Grant) (func() error, func(), error) {
		b.kept = true
		return func() error { b.placed = true; return nil }, func() { b.discarded = true }, nil
	}}
	return b
}

// nothing checks that a failed join left nothing, on the board and at the site.
func (s *site) nothing(b *board) {
	s.t.Helper()
	if b.placed || b.kept && !b.discarded {
		s.t.Errorf("the board kept something: kept %v, placed %v, discarded %v", b.kept, b.placed, b.discarded)
	}
	if all, err := s.store.Devices(s.t.Context()); err != nil || len(all) != 0 {
		s.t.Errorf("devices %v, %v", all, err)
	}
	if users := fmt.Sprint(s.redis.Do("ACL", "USERS")); strings.Contains(users, "port-") {
		s.t.Errorf("Redis users %s", users)
	}
	r, err := s.state.ReadRights(s.t.Context(), "north-gate")
	if err != nil || len(r.Channels) != 0 {
		s.t.Errorf("rights %v, %v", r.Channels, err)
	}
}

func (s *site) tokens(key ed25519.PrivateKey, user string) *enroll.Tokens {
	s.t.Helper()
	client, err := enroll.NewClient(s.ca)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.CloseIdleConnections)
	return enroll.NewTokens(enroll.TokensConfig{Hubs: []string{s.https.URL}, Client: client, UserID: user,
		Key: func() (ed25519.PrivateKey, error) { return key, nil }})
}

func TestABoardJoinsAndIsRevoked(t *testing.T) {
	s := newSite(t)
	b := s.board(s.invite(gate()))
	g, err := b.Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !b.placed || g.UserID != "north-gate" || g.UserName != "north-gate" || g.Role != "GENERAL" || g.Hub.CA != s.ca || g.Hub.URL != s.https.URL || g.Redis.Username != "port-north-gate" {
		t.Errorf("granted %+v", g)
	}
	// Its Redis user does what a port does, and no more.
	c := s.asUser(g)
	if err := c.Rehearse(t.Context(), "gates", "north-gate"); err != nil {
		t.Error(err)
	}
	if err := c.Rehearse(t.Context(), "yard", "north-gate"); err == nil {
		t.Error("its Redis user may talk on another channel")
	}
	tokens := s.tokens(b.Key, "north-gate")
	token, err := tokens.Token(t.Context())
	if want := "token of north-gate " + enroll.KeyID(b.Key.Public().(ed25519.PublicKey)); err != nil || token != want {
		t.Fatalf("%q, %v", token, err)
	}
	keyID := enroll.KeyID(b.Key.Public().(ed25519.PublicKey))
	if err := s.server.Check("north-gate", keyID); err != nil {
		t.Error(err)
	}
	s.eventually("the hub knows the device", func() bool { _, err := s.store.Device(t.Context(), "north-gate"); return err == nil })

	if err := s.store.Revoke(t.Context(), "north-gate", "boss"); err != nil {
		t.Fatal(err)
	}
	if err := s.server.Check("north-gate", keyID); err == nil || !strings.Contains(err.Error(), "revoked by boss") && !strings.Contains(err.Error(), "join anew") {
		s.eventually("its tokens are refused", func() bool { return s.server.Check("north-gate", keyID) != nil })
	}
	if _, err := s.tokens(b.Key, "north-gate").Token(t.Context()); err == nil || !strings.Contains(err.Error(), "revoked by boss") {
		t.Errorf("a revoked device gets a token: %v", err)
	}
	if err := c.Ping(t.Context()); err == nil {
		t.Error("its Redis user still works")
	}
	if r, err := s.state.ReadRights(t.Context(), "north-gate"); err != nil || len(r.Channels) != 0 {
		t.Errorf("rights %v, %v", r.Channels, err)
	}
	s.eventually("its sessions end", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.revoked) >= 1 })
	// Whoever was revoked may be invited again.
	if _, err := s.board(s.invite(gate())).Join(t.Context()); err != nil {
		t.Error(err)
	}
}

func (s *site) asUser(g enroll.Grant) *redis.Client {
	s.t.Helper()
	c, err := redis.Open(conn.Config{URL: g.Redis.URL, Username: g.Redis.Username, PasswordFile: passwordFile(s.t, g.Redis.Password)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *site) eventually(what string, f func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); {
		if time.Now().After(deadline) {
			s.t.Fatalf("not yet: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestCodesThatAreNotGood(t *testing.T) {
	s := newSite(t)
	code := s.invite(gate())
	other := enroll.NewCode()
	for other.ID() == code.ID() {
		other = enroll.NewCode()
	}
	b := s.board(other)
	if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrBadCode) || !strings.Contains(err.Error(), "no invitation has this code") {
		t.Errorf("unknown: %v", err)
	}
	s.nothing(b)

	// A wrong secret costs an attempt; after the last the code is dead, even to who has it.
	for range enroll.MaxTries {
		b = s.board(wrong(t, code))
		if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrBadCode) || !strings.Contains(err.Error(), "it is wrong") {
			t.Errorf("wrong: %v", err)
		}
		s.nothing(b)
	}
	b = s.board(code)
	if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrBadCode) || !strings.Contains(err.Error(), "tried too often") {
		t.Errorf("tried too often: %v", err)
	}
	s.nothing(b)

	inv, short, err := hubdevices.Invite(t.Context(), s.store, gate(), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	s.eventually(inv.ID+" has expired", func() bool {
		_, err = s.board(short).Join(t.Context())
		return strings.Contains(fmt.Sprint(err), "the code has expired")
	})

	code = s.invite(gate())
	if _, err := s.board(code).Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.board(code).Join(t.Context()); !errors.Is(err, enroll.ErrBadCode) || !strings.Contains(err.Error(), "used already") {
		t.Errorf("used: %v", err)
	}
	if _, _, err := hubdevices.Invite(t.Context(), s.store, gate(), time.Minute); err == nil || !strings.Contains(err.Error(), "enrolled already") {
		t.Errorf("a second board of the same name: %v", err)
	}
}

// wrong is a code of the same invitation with another secret.
func wrong(t *testing.T, code enroll.Code) enroll.Code {
	t.Helper()
	for {
		other := enroll.NewCode()
		text := code.ID() + string(other)[3:8]
		for _, c := range "0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
			if good, err := enroll.ParseCode(text + string(c)); err == nil && good != code {
				return good
			}
		}
	}
}

// TestAHubThatVanishes loses each of the hub's answers in turn.
func TestAHubThatVanishes(t *testing.T) {
	s := newSite(t)
	b := s.board(s.invite(gate()))
	b.Hub = "https://127.0.0.1:1"
	if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrNoHub) {
		t.Errorf("no hub: %v", err)
	}
	s.nothing(b)

	s.front.losing(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, enroll.JoinPath+"/") })
	b = s.board(s.invite(gate()))
	if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrVanished) || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("before the grant: %v", err)
	}
	s.nothing(b)

	var steps int
	s.front.losing(func(r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, enroll.JoinPath+"/") {
			steps++
		}
		return steps > 1
	})
	b = s.board(s.invite(gate()))
	if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrVanished) || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("before the commit: %v", err)
	}
	s.nothing(b)
	s.front.losing(nil)

	// Redis that is away is no reason to give up the code's words.
	s.redis.Kill()
	b = s.board("K7M2Q9XDR")
	if _, err := b.Join(t.Context()); err == nil || !strings.Contains(err.Error(), "Redis does not answer") {
		t.Errorf("without Redis: %v", err)
	}
}

// TestACommitWhoseAnswerIsLost is asked for again.
func TestACommitWhoseAnswerIsLost(t *testing.T) {
	s := newSite(t)
	steps := 0
	next := s.front.next
	s.front.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, enroll.JoinPath+"/") {
			next.ServeHTTP(w, r)
			return
		}
		steps++
		if steps == 2 { // it is carried out, and nobody hears of it
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
	b := s.board(s.invite(gate()))
	if _, err := b.Join(t.Context()); err != nil || !b.placed || steps != 3 {
		t.Errorf("placed %v after %d steps: %v", b.placed, steps, err)
	}
}

func TestABoardThatCannotKeepItsGrant(t *testing.T) {
	s := newSite(t)
	b := s.board(s.invite(gate()))
	b.Keep = func(enroll.Grant) (func() error, func(), error) {
		return nil, nil, errors.New("no space left on device")
	}
	if _, err := b.Join(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Error(err)
	}
	s.nothing(b)
}

// TestSomebodyBetween has another certificate than the hub's authority vouches for.
func TestSomebodyBetween(t *testing.T) {
	s := newSite(t)
	relay := httptest.NewTLSServer(s.front)
	defer relay.Close()
	if relay.Certificate().Equal(s.https.Certificate()) { // httptest has one for all
		s.ca = "" // the system knows none of them
	}
	b := s.board(s.invite(gate()))
	stranger := *b
	stranger.Keep = b.Keep
	hub := hubdevices.New(hubdevices.Config{Store: s.store, Secret: []byte(strings.Repeat("s", 32)), Site: hubdevices.Site{RedisURL: s.redis.URL}})
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+enroll.JoinPath, hub.Begin)
	mux.HandleFunc("POST "+enroll.JoinPath+"/{session}", hub.Step)
	s.front.next = mux
	b.Hub = relay.URL
	if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrPin) {
		t.Error(err)
	}
	s.nothing(b)
}

func TestARedisThatABoardDoesNotReach(t *testing.T) {
	s := newSite(t)
	b := s.board(s.invite(gate()))
	hub := hubdevices.New(hubdevices.Config{Store: s.store, Secret: []byte(strings.Repeat("s", 32)), Site: hubdevices.Site{HubCA: s.ca, RedisURL: "redis://localhost:1"}})
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+enroll.JoinPath, hub.Begin)
	mux.HandleFunc("POST "+enroll.JoinPath+"/{session}", hub.Step)
	s.front.next = mux
	if _, err := b.Join(t.Context()); !errors.Is(err, enroll.ErrNoRedis) || !strings.Contains(err.Error(), "127.0.0.1:1") || !strings.Contains(err.Error(), "--board-redis") {
		t.Error(err)
	}
	s.nothing(b)
}

func TestApproval(t *testing.T) {
	s := newSite(t)
	for _, verdict := range []devices.Verdict{devices.Denied, devices.Approved} {
		inv := gate()
		inv.Confirm = true
		b := s.board(s.invite(inv))
		b.OnPending = func() {
			open, err := s.store.Invitations(t.Context())
			if err != nil || len(open) == 0 || open[len(open)-1].Applicant == nil || open[len(open)-1].Applicant.Host != "pi" {
				t.Errorf("%+v, %v", open, err)
			}
			if _, err := s.store.Decide(t.Context(), "north-gate", verdict, "boss"); err != nil {
				t.Error(err)
			}
		}
		_, err := b.Join(t.Context())
		if verdict == devices.Denied {
			if !errors.Is(err, enroll.ErrDenied) || !strings.Contains(err.Error(), "boss denied it") {
				t.Errorf("denied: %v", err)
			}
			s.nothing(b)
			open, _ := s.store.Invitations(t.Context())
			for _, inv := range open {
				if err := s.store.Withdraw(t.Context(), inv.ID); err != nil {
					t.Error(err)
				}
			}
		} else if err != nil || !b.placed {
			t.Errorf("approved: %v", err)
		}
	}
}

// TestTwoBoardsWithOneCode: the second is turned away when all but its commit is done, and
// takes nothing from the first.
func TestTwoBoardsWithOneCode(t *testing.T) {
	s := newSite(t)
	code := s.invite(gate())
	first, second, third := s.board(code), s.board(code), s.board(s.invite(gate()))
	var g enroll.Grant
	keep := second.Keep
	second.Keep = func(grant enroll.Grant) (func() error, func(), error) {
		var err error
		if g, err = first.Join(t.Context()); err != nil {
			t.Error(err)
		}
		return keep(grant)
	}
	if _, err := second.Join(t.Context()); !errors.Is(err, enroll.ErrDenied) || !strings.Contains(err.Error(), "used already") || second.placed || !second.discarded {
		t.Errorf("the second: placed %v, discarded %v: %v", second.placed, second.discarded, err)
	}
	if _, err := third.Join(t.Context()); !errors.Is(err, enroll.ErrDenied) || !strings.Contains(err.Error(), "--replace") || third.placed {
		t.Errorf("a third, with a code of its own: placed %v: %v", third.placed, err)
	}
	if err := s.asUser(g).Rehearse(t.Context(), "gates", "north-gate"); err != nil {
		t.Errorf("the first: %v", err)
	}
	d, err := s.store.Device(t.Context(), "north-gate")
	if err != nil || d.KeyID != enroll.KeyID(first.Key.Public().(ed25519.PublicKey)) {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestASignedChallengeIsGoodOnce replays what a device sent.
func TestASignedChallengeIsGoodOnce(t *testing.T) {
	s := newSite(t)
	b := s.board(s.invite(gate()))
	if _, err := b.Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sent string
	next := s.front.next
	s.front.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == enroll.TokenPath {
			var signed enroll.Signed
			_ = json.NewDecoder(r.Body).Decode(&signed)
			text, _ := json.Marshal(signed)
			sent = string(text)
			r.Body = body(sent)
		}
		next.ServeHTTP(w, r)
	})
	if _, err := s.tokens(b.Key, "north-gate").Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, answer := s.post(sent)
	if status != http.StatusUnauthorized || !strings.Contains(answer, "answered before") {
		t.Errorf("%d %s", status, answer)
	}
	// Nor is a challenge of one's own making good, or another's key.
	for _, challenge := range []string{"", "x", base64.RawURLEncoding.EncodeToString(make([]byte, 40))} {
		text, _ := json.Marshal(enroll.Signed{UserID: "north-gate", Challenge: challenge})
		if status, _ := s.post(string(text)); status != http.StatusUnauthorized {
			t.Errorf("%q: %d", challenge, status)
		}
	}
	stranger, _ := enroll.NewKey()
	if _, err := s.tokens(stranger, "north-gate").Token(t.Context()); err == nil || !strings.Contains(err.Error(), "talkgate invite") {
		t.Errorf("a stranger's key: %v", err)
	}
	if _, err := s.tokens(b.Key, "south-gate").Token(t.Context()); err == nil || !strings.Contains(err.Error(), "talkgate invite") {
		t.Errorf("another's name: %v", err)
	}
}

func (s *site) post(text string) (int, string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.server.Token(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, enroll.TokenPath, body(text)))
	return w.Code, w.Body.String()
}

// TestRedisThatForgets gets its users again.
func TestRedisUsersComeBack(t *testing.T) {
	s := newSite(t)
	b := s.board(s.invite(gate()))
	g, err := b.Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.redis.Do("ACL", "DELUSER", "port-north-gate")
	c := s.asUser(g)
	s.eventually("the user is made again", func() bool { return c.Ping(t.Context()) == nil })
}
