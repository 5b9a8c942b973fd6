package demo

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A page takes a stream that says nothing for a hub that is gone.
func TestQuietRadiosShowThatTheyAreAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*alive+time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		(&api{}).handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/demo/radios/events", nil))
		if n := strings.Count(w.Body.String(), ":\n\n"); n != 3 {
			t.Errorf("%d signs of life in %v, want 3", n, 3*alive)
		}
	})
}
