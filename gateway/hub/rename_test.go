package hub

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/respond"
)

// TestMemberIsRenamedWhileItAsks: another session of the same member may come
// with a token that has another name at any time. The race detector judges.
func TestMemberIsRenamedWhileItAsks(t *testing.T) {
	s := newSite(t)
	_, tk := s.browser("ann")
	tk.murmur()
	var both sync.WaitGroup
	both.Go(func() {
		for i := range 20 {
			c := claims("ann")
			c.UserName = fmt.Sprint("Ann ", i)
			s.do(t.Context(), "POST", "/whep/"+channelID, tokenOf(t, c), respond.SDP, "v=0\r\n") // joins, and is refused
		}
	})
	both.Go(func() {
		for range 10 {
			s.press("ann")
			s.as("ann", "DELETE", floorPath)
		}
	})
	both.Wait()
}

// TestEventStreamEndsWithTheHub, also where another server than the hub's own
// serves it and the channel was never read.
func TestEventStreamEndsWithTheHub(t *testing.T) {
	s := newSite(t)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/channels/"+channelID+"/events", nil)
	r.Header.Set("Authorization", "Bearer "+tokenOf(t, claims("ann")))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.hub.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the stream goes on without its hub")
	}
}
