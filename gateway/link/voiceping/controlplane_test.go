package voiceping

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// plane is a control plane that counts.
type plane struct {
	logins, tokens int
	life           time.Duration
	session        string
}

func (p *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]string
	_ = json.NewDecoder(r.Body).Decode(&body)
	switch r.Method + " " + r.URL.Path {
	case "POST /api/auth/login":
		if body["email"] != "gate@example.com" || body["password"] != "pass word" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"Invalid credentials"}`))
			return
		}
		p.logins++
		p.session = time.Now().String()
		http.SetCookie(w, &http.Cookie{Name: "connect.sid", Value: "s" + string(rune('0'+p.logins)), Path: "/", HttpOnly: true})
		_, _ = w.Write([]byte(`{"id":"u1"}`))
	case "POST /api/router/token":
		c, err := r.Cookie("connect.sid")
		if err != nil || p.session == "" || c.Value != "s"+string(rune('0'+p.logins)) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"Unauthorized"}`))
			return
		}
		if body["eventId"] != "e1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		p.tokens++
		token, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"n": p.tokens, "exp": time.Now().Add(p.life).Unix()}).SignedString([]byte("x"))
		_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "channelNames": map[string]string{}})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func TestTokensComeFromTheControlPlane(t *testing.T) {
	p := &plane{life: 12 * time.Hour}
	server := httptest.NewServer(p)
	defer server.Close()
	secret := "pass word"
	c, err := NewControlPlane(server.URL, "gate@example.com", func() (string, error) { return secret, nil }, "e1")
	if err != nil {
		t.Fatal(err)
	}
	get := func(refused string) string {
		t.Helper()
		token, err := c.Token(context.Background(), refused)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	expect := func(what string, logins, tokens int) {
		t.Helper()
		if p.logins != logins || p.tokens != tokens {
			t.Errorf("%s: %d logins and %d tokens, want %d and %d", what, p.logins, p.tokens, logins, tokens)
		}
	}
	first := get("")
	expect("first", 1, 1)
	if get("") != first {
		t.Error("another token although the first is good")
	}
	expect("kept", 1, 1)
	if get(first) == first {
		t.Error("the refused token again")
	}
	expect("refused", 1, 2)
	p.life = renewBefore - time.Minute
	get(c.token)
	get("") // too near its end
	expect("renewed in time", 1, 4)
	p.session = "" // the session ends
	get("")
	expect("logged in again", 2, 5)
	secret = "wrong"
	p.session = ""
	if _, err := c.Token(context.Background(), ""); err == nil {
		t.Error("a wrong password gives a token")
	}
}
