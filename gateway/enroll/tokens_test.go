package enroll

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tokenHub gives out tokens, without a network.
type tokenHub struct {
	key  ed25519.PublicKey
	life time.Duration

	mu     sync.Mutex
	down   bool
	refuse string
	given  int
	at     []time.Time
}

func (h *tokenHub) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	answer := func(status int, v any) (*http.Response, error) {
		text, err := json.Marshal(v)
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(string(text))), Header: http.Header{}}, err
	}
	switch {
	case h.down:
		return nil, errors.New("no route to host")
	case r.Method == http.MethodGet:
		return answer(http.StatusOK, Challenge{"challenge " + strconv.Itoa(h.given)})
	case h.refuse != "":
		return answer(http.StatusUnauthorized, Failure{h.refuse})
	}
	var s Signed
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil || s.Challenge != "challenge "+strconv.Itoa(h.given) || !s.Verify(h.key) {
		return answer(http.StatusUnauthorized, Failure{"not signed"})
	}
	h.given++
	h.at = append(h.at, time.Now())
	return answer(http.StatusOK, Access{"token " + strconv.Itoa(h.given), int64(h.life.Seconds())})
}

func (h *tokenHub) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

func newTokenHub(t *testing.T) (*tokenHub, *Tokens) {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	h := &tokenHub{key: key.Public().(ed25519.PublicKey), life: 10 * time.Minute}
	return h, NewTokens(TokensConfig{Hubs: []string{"https://hub"}, Client: &http.Client{Transport: h}, UserID: "north",
		Key: func() (ed25519.PrivateKey, error) { return key, nil }})
}

func TestTokensAreRenewedLongBeforeTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, tokens := newTokenHub(t)
		go tokens.Run(t.Context())
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		if h.given < 80 || h.given > 140 {
			t.Errorf("%d tokens in ten hours", h.given)
		}
		spread := map[time.Duration]bool{}
		for i := 1; i < len(h.at); i++ {
			after := h.at[i].Sub(h.at[i-1])
			if spread[after.Round(time.Second)] = true; after < 4*time.Minute || after > 7*time.Minute {
				t.Errorf("renewed after %v of %v", after, h.life)
			}
		}
		if len(spread) < 10 {
			t.Errorf("only %d different times: ports would renew together", len(spread))
		}
		if token, err := tokens.Token(t.Context()); err != nil || token != "token "+strconv.Itoa(h.given) {
			t.Errorf("%q, %v", token, err)
		}
	})
}

// TestAPortGetsInAfterWeeks, whatever became of its last token.
func TestAPortGetsInAfterWeeks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, tokens := newTokenHub(t)
		if _, err := tokens.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * 7 * 24 * time.Hour)
		if token, err := tokens.Token(t.Context()); err != nil || token != "token 2" || h.given != 2 {
			t.Errorf("%q, %v", token, err)
		}
	})
}

// TestAHubThatIsAwayForAWhile costs nothing while the token is good; then the error says
// why, and it heals by itself.
func TestAHubThatIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, tokens := newTokenHub(t)
		go tokens.Run(t.Context())
		synctest.Wait()
		h.set(func() { h.down = true })
		time.Sleep(8 * time.Minute)
		if token, err := tokens.Token(t.Context()); err != nil || token != "token 1" {
			t.Errorf("while it is good: %q, %v", token, err)
		}
		if until, err := tokens.Until(); err == nil || time.Until(until) < 0 {
			t.Errorf("until %v, %v", until, err)
		}
		time.Sleep(time.Hour)
		if _, err := tokens.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "no route") {
			t.Errorf("afterwards: %v", err)
		}
		h.set(func() { h.down = false })
		time.Sleep(2 * time.Minute)
		if _, err := tokens.Until(); err != nil || h.given != 2 {
			t.Errorf("when it is back: %v, %d given", err, h.given)
		}
	})
}

func TestARefusalIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, tokens := newTokenHub(t)
		h.refuse = "device north was revoked"
		_, err := tokens.Token(t.Context())
		refused, ok := errors.AsType[*StatusError](err)
		if !ok || refused.Status != http.StatusUnauthorized || !strings.Contains(err.Error(), "revoked") {
			t.Error(err)
		}
	})
}

// TestARefusalHasNoToken, even where a server repeats one.
func TestARefusalHasNoToken(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"expired: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub3J0aCJ9.c2ln"}`)
	}))
	defer srv.Close()
	err := call(t.Context(), srv.Client(), srv.URL, nil, nil)
	if err == nil || err.Error() == "" || strings.Contains(err.Error(), "eyJ") || !strings.Contains(err.Error(), "expired: (token)") {
		t.Errorf("%v", err)
	}
}

// TestOneRequestServesAll who want a token at once.
func TestOneRequestServesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, tokens := newTokenHub(t)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := tokens.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if h.given != 1 {
			t.Errorf("%d tokens", h.given)
		}
	})
}
