package hub

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/state/redis"
)

const recallPath = "/api/channels/" + channelID + "/recall"

// What was said on a channel can be heard again by whoever may be on it, and by nobody who
// lost it; who listened is in the audit log.
func TestRecall(t *testing.T) {
	s := newSite(t)
	s.allow("a", "b")
	watch := s.stream("b")
	tk, e := s.talker("a"), s.ear("b")
	s.knows("a", true)
	cl := s.take("a")
	tk.keepSaying("heard", func() bool { return e.count() > 20 })
	s.release(cl)

	var past struct {
		Recall float64
		Spurts []recall.PastSpurt
	}
	eventually(t, "the talk spurt is over", func() bool {
		a := s.as("b", "GET", recallPath)
		if err := json.Unmarshal([]byte(a.body), &past); a.status != 200 || err != nil {
			t.Fatalf("%d %s %v", a.status, a.body, err)
		}
		return len(past.Spurts) == 1 && past.Spurts[0].Ended != ""
	})
	one := past.Spurts[0]
	if past.Recall != 3600 || one.UserID != "a" || one.Ended != "released" || one.Length < 20 {
		t.Errorf("kept for %v s: %+v", past.Recall, one)
	}
	watch.see(t, "the channel announces it", func() bool { return len(watch.states) > 0 && watch.states[0].Recall == 3600 })

	for _, path := range []string{"/last", fmt.Sprintf("/%d", one.ID), fmt.Sprintf("/export?from=%d&to=%d", one.Since, time.Now().UnixMilli())} {
		if a := s.as("b", "GET", recallPath+path); a.status != 200 || !strings.HasPrefix(a.body, "OggS") || a.header.Get("Content-Type") != recall.OggType {
			t.Errorf("%s: %d %.40q %s", path, a.status, a.body, a.header.Get("Content-Type"))
		}
	}
	for path, want := range map[string]int{"/1": 404, "/x": 400, "/export?from=2&to=1": 400, "/export?from=1&to=2": 404, "/export": 400} {
		if a := s.as("b", "GET", recallPath+path); a.status != want {
			t.Errorf("%s: %d %s, want %d", path, a.status, a.body, want)
		}
	}
	eventually(t, "it is in the audit log", func() bool {
		entries, err := s.state.Audit(t.Context(), 100)
		has := func(action string) bool {
			return slices.ContainsFunc(entries, func(e redis.AuditEntry) bool {
				return e.Action == action && e.ActorID == "b" && e.TargetID == channelID
			})
		}
		return err == nil && has(redis.ActionListened) && has(redis.ActionExported)
	})

	if _, err := s.state.RevokeRights(t.Context(), "b", channelID); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/last"} {
		if a := s.as("b", "GET", recallPath+path); a.status != 403 {
			t.Errorf("%s: who lost the channel gets %d", path, a.status)
		}
	}
	d := dispatcher("d", channelID)
	if a := s.do(t.Context(), "GET", recallPath+"/last", tokenOf(t, d), "", ""); a.status != 200 {
		t.Errorf("a dispatcher gets %d", a.status)
	}
	if a := s.as("a", "DELETE", recallPath); a.status != 403 {
		t.Errorf("a member switches it off: %d", a.status)
	}
	if a := s.do(t.Context(), "DELETE", recallPath, tokenOf(t, d), "", ""); a.status != 204 {
		t.Errorf("a dispatcher switches it off: %d", a.status)
	}
	if a := s.do(t.Context(), "GET", recallPath+"/last", tokenOf(t, d), "", ""); a.status != 404 {
		t.Errorf("what was erased: %d", a.status)
	}
	watch.see(t, "the channel says that it is off", func() bool { return watch.states[len(watch.states)-1].Recall == 0 })
}
