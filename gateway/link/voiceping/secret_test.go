package voiceping

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// TestNoErrorHasASecret, even where a server repeats all it was sent.
func TestNoErrorHasASecret(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub3J0aCJ9.c2lnbmF0dXJl" // of somebody else
	for status := 200; status < 600; status += 7 {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":"%s %s %s"}`, jwt, r.Header.Get("Sec-WebSocket-Protocol"), strings.ReplaceAll(string(body), `"`, `\\"`))
		}))
		_, err := dial(t.Context(), "ws"+strings.TrimPrefix(srv.URL, "http"), "a-secret-token", nil, func(wire.Frame) {})
		if err == nil || strings.Contains(err.Error(), "a-secret-token") || strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%d: %v", status, err)
		}
		c, err := NewControlPlane(srv.URL, "gate@example.com", func() (string, error) { return "a-secret-password", nil }, "e1")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.login(t.Context()); status != http.StatusOK && (err == nil || strings.Contains(err.Error(), "a-secret-password") || strings.Contains(err.Error(), "eyJ")) {
			t.Errorf("%d: %v", status, err)
		}
		srv.Close()
	}
}
