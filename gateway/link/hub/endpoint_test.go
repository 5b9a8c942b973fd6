package hub

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// answering posts an offer to a server that answers as f does.
func answering(t *testing.T, f http.HandlerFunc) (answer, location string, err error) {
	t.Helper()
	srv := httptest.NewServer(f)
	defer srv.Close()
	e := endpoint{
		relays: &relays{},
		url:    srv.URL + "/whip/gate",
		token:  func(context.Context) (string, error) { return "secret", nil },
		client: srv.Client(),
	}
	return e.post(t.Context(), "an offer")
}

func TestPostIsWHIP(t *testing.T) {
	answer, location, err := answering(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || string(body) != "an offer" || r.Header.Get("Content-Type") != "application/sdp" ||
			r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("%s %v %q", r.Method, r.Header, body)
		}
		w.Header().Set("Content-Type", "application/sdp; charset=utf-8")
		w.Header().Set("Location", "gate/7")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "an answer")
	})
	if err != nil || answer != "an answer" || !strings.HasSuffix(location, "/whip/gate/7") {
		t.Errorf("answer %q, location %q, %v", answer, location, err)
	}
}

func TestRefusalSaysWhy(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"JSON":                         {`{"error":"the token has expired: get a new one"}`, "the token has expired: get a new one"},
		"text":                         {"no\nrights\n", `"no\nrights"`},
		"nothing":                      {"", "no reason given"},
		"a token of somebody, in JSON": {`{"error":"bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub3J0aCJ9.c2ln and secret"}`, "bad token (token) and (token)"},
		"a token of somebody, in text": {"eyJhbGciOiJIUzI1NiJ9.eyJzdWI", "(token)"},
		"endless":                      {strings.Repeat("x", 1<<20), strings.Repeat("x", 100)},
	} {
		_, _, err := answering(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "4")
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, c.body)
		})
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Status != http.StatusConflict || refused.RetryAfter != 4*time.Second ||
			!strings.Contains(err.Error(), c.want) || len(err.Error()) > 2<<10 {
			t.Errorf("%s: %.300v", name, err)
		}
		if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%s: the token is in %v", name, err)
		}
	}
}

func TestUnusableAnswers(t *testing.T) {
	for name, f := range map[string]http.HandlerFunc{
		"no Location":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) },
		"another host":     func(w http.ResponseWriter, _ *http.Request) { created(w, "http://elsewhere.example/x", sdpType) },
		"another scheme":   func(w http.ResponseWriter, r *http.Request) { created(w, "https://"+r.Host+"/x", sdpType) },
		"not SDP":          func(w http.ResponseWriter, _ *http.Request) { created(w, "/x", "text/html") },
		"success but 200":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		"connection reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		if answer, _, err := answering(t, f); err == nil {
			t.Errorf("%s: accepted, answer %q", name, answer)
		}
	}
}

func created(w http.ResponseWriter, location, contentType string) {
	w.Header().Set("Location", location)
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(http.StatusCreated)
}
