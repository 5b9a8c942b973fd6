package livekit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

const keyText = "key: secret-of-this-test-is-32-bytes-and-more"

func TestAMintedTokenIsForOneRoomAndSoonOver(t *testing.T) {
	key, err := room.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Minter(func() (room.Key, error) { return key, nil }, "north", "North", true)(t.Context(), "gates")
	if err != nil || a.Server != "" {
		t.Fatal(a, err)
	}
	var claims jwt.MapClaims
	if _, err := jwt.ParseWithClaims(a.Token, &claims, func(*jwt.Token) (any, error) { return []byte("secret-of-this-test-is-32-bytes-and-more"), nil }); err != nil {
		t.Fatal(err)
	}
	video, _ := claims["video"].(map[string]any)
	if claims["iss"] != "key" || claims["sub"] != "north" || video["room"] != "gates" || video["roomJoin"] != true || video["roomAdmin"] != nil {
		t.Errorf("claims: %v", claims)
	}
	if left := time.Until(room.Expiry(a.Token)); left <= 0 || left > tokenLife {
		t.Errorf("expires in %v", left)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(text, "secret") {
		t.Errorf("a key prints its secret: %s", text)
	}
}

func TestATokenURLIsAskedAsLiveKitHasIt(t *testing.T) {
	answer := `{"server_url":"wss://other.example","participant_token":"t1"}`
	status := http.StatusCreated
	var asked map[string]string
	var authorized string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&asked)
		authorized = r.Header.Get("Authorization")
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	defer s.Close()
	get := TokenURL(s.URL, func() (string, error) { return "b1", nil }, "north", "North", s.Client())
	a, err := get(t.Context(), "gates")
	if err != nil || a != (Access{Server: "wss://other.example", Token: "t1"}) {
		t.Errorf("%+v %v", a, err)
	}
	if authorized != "Bearer b1" || asked["room_name"] != "gates" || asked["participant_identity"] != "north" || asked["participant_name"] != "North" {
		t.Errorf("asked %v, authorized %q", asked, authorized)
	}
	for _, bad := range []string{``, `{}`, `[]`, `{"participant_token":"secret", "server_url":"file:///secret"}`, `{"participant_token":7}`} {
		answer = bad
		if _, err := get(t.Context(), "gates"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	status = http.StatusForbidden
	if _, err := get(t.Context(), "gates"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Error(err)
	}
}

// A token that the server renewed serves while no other is to be had, until it
// expires; servers are tried by turns, those that the server names first.
func TestAMembershipHasSomewhereToGo(t *testing.T) {
	key, err := room.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	good, _ := key.Sign("u", "", room.Grant{}, time.Minute)
	stale, _ := key.Sign("u", "", room.Grant{}, -time.Minute)
	broken := func(string) (Access, error) { return Access{}, fmt.Errorf("no token today") }
	m := newMembership([]string{"ws://a", "ws://b"}, broken)
	if _, err := m.access(t.Context()); err == nil {
		t.Error("a token came from nowhere")
	}
	m.newest = stale
	if _, err := m.access(t.Context()); err == nil {
		t.Error("an expired token was used")
	}
	m.newest = good
	if a, err := m.access(t.Context()); err != nil || a != (Access{Server: "ws://a", Token: good}) {
		t.Error(a, err)
	}
	m = newMembership([]string{"ws://a", "ws://b"}, func(string) (Access, error) { return Access{Token: "t", Server: "ws://told"}, nil })
	m.hints = []string{"wss://near"}
	var got []string
	for range 4 {
		a, _ := m.access(t.Context())
		got = append(got, a.Server)
		m.server++
	}
	if want := "wss://near ws://b ws://told ws://b"; strings.Join(got, " ") != want {
		t.Errorf("servers %v, want %s", got, want)
	}
}

func FuzzAccess(f *testing.F) {
	f.Add(`{"server_url":"wss://h","participant_token":"t"}`)
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := parseAccess(strings.NewReader(text)); err == nil && a.Token == "" {
			t.Error("no token")
		}
	})
}
