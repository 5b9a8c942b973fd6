package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/console"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// TestParrotFromTheConsole: a gateway is asked by who manages its channel, and the
// answer, or the reason why there is none, comes back; so does who asked, in the log.
func TestParrotFromTheConsole(t *testing.T) {
	s := newSite(t)
	s.report("north", channelID)
	s.report("south", channelID)
	s.report("far", "elsewhere")
	s.report("mute", channelID)
	eventually(t, "the hub knows the gateways", func() bool { all, _ := s.hub.console.Fleet.All(); return len(all) == 4 })
	var asked atomic.Int64
	var reason atomic.Pointer[string]
	ctx, cancel := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	for _, gateway := range []string{"north", "far", "mute"} {
		listening.Go(func() {
			_ = s.state.WatchQuestions(ctx, gateway, func(q fleet.Question) {
				asked.Add(1)
				if gateway == "mute" {
					return
				}
				a := fleet.Answer{Gateway: gateway, Echo: &fleet.Echo{Delay: 46, Level: -0.1, Sent: 150, Heard: 149}}
				if why := reason.Load(); why != nil {
					a = fleet.Answer{Gateway: gateway, Error: *why}
				}
				_ = s.state.AnswerQuestion(ctx, q, a)
			})
		})
	}
	t.Cleanup(func() { cancel(); listening.Wait() })
	ask := func(gateway string, c *auth.Claims, status int, says string) string {
		t.Helper()
		a := s.do(t.Context(), "POST", "/api/gateways/"+gateway+"/parrot", tokenOf(t, c), "", "")
		if a.status != status || !strings.Contains(a.body, says) {
			t.Errorf("%s: %d %s, expected %d and %q", gateway, a.status, a.body, status, says)
		}
		return a.body
	}
	desk := dispatcher("desk", channelID)
	eventually(t, "north listens", func() bool {
		return s.do(t.Context(), "POST", "/api/gateways/north/parrot", tokenOf(t, desk), "", "").status == 200
	})
	var got fleet.Answer
	if err := json.Unmarshal([]byte(ask("north", desk, 200, `"delayMs":46`)), &got); err != nil || got.Gateway != "north" || got.Echo == nil || got.Echo.Heard != 149 {
		t.Errorf("%+v %v", got, err)
	}
	eventually(t, "the audit log says who asked", func() bool {
		entries, err := s.state.Audit(t.Context(), 10)
		return err == nil && len(entries) > 0 && entries[0].Action == redis.ActionAsked && entries[0].ActorID == "desk" && entries[0].TargetID == "north"
	})
	ask("far", admin("boss"), 200, `"gateway":"far"`)

	before := asked.Load()
	ask("far", desk, 404, "no such gateway on a channel of yours")
	ask("nowhere", admin("boss"), 404, "no such gateway")
	ask("north", claims("rogue"), 403, "DISPATCH")
	ask("south", desk, 409, "does not hear questions")
	if n := asked.Load(); n != before {
		t.Errorf("gateways were asked %d times by who may not", n-before)
	}
	mute, leave := context.WithCancel(t.Context())
	defer leave()
	var asking sync.WaitGroup
	for i := range console.MaxParrots {
		req, err := http.NewRequestWithContext(mute, http.MethodPost, s.scheme+"://"+s.hub.Addr().String()+"/api/gateways/mute/parrot", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tokenOf(t, dispatcher(fmt.Sprint("desk-", i), channelID)))
		asking.Go(func() {
			for ; mute.Err() == nil; time.Sleep(20 * time.Millisecond) { // until it listens, which it does not say
				if resp, err := s.http.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}
		})
	}
	tries := 0
	full := func() bool { // each try by another user: how often one may ask is limited
		tries++
		a := s.do(t.Context(), "POST", "/api/gateways/north/parrot", tokenOf(t, dispatcher(fmt.Sprint("try-", tries), channelID)), "", "")
		return a.status == 429 && strings.Contains(a.body, "as many gateways as can be")
	}
	eventually(t, "as many as may be are asked", full)
	leave()
	asking.Wait()
	eventually(t, "there is room again", func() bool { return !full() })
	why := "its link is of kind livekit, whose servers have no echo: only hub has"
	reason.Store(&why)
	ask("north", desk, 409, why)
}
