package hub

import (
	"net/url"
	"slices"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/emergency"
	"github.com/talkgate/talkgate/state/redis"
)

// An emergency is told to the consoles of its channels at once, with who acknowledged it
// and that it ended; the acknowledgment is in the audit log.
func TestEmergencyIsToldAndAcknowledged(t *testing.T) {
	s := newEmergencySite(t, redis.RoleDispatch)
	d := dispatcher("d", "gates")
	shown := func() []emergency.Emergency { return s.hub.emergencies.Of(d) }
	eventually(t, "the hub watches the floors", func() bool { return s.redis.Do("PUBSUB", "NUMSUB", "channel:gates:events").([]any)[1] != int64(0) })
	s.call()
	eventually(t, "the emergency is told", func() bool { return len(shown()) == 1 && len(shown()[0].Channels) == 2 })
	one := shown()[0]
	if one.UserID != "boss" || one.UserName != "Boss" || one.Channel != channelID || one.Ended != 0 || one.Acknowledged != nil {
		t.Fatalf("told %+v", one)
	}
	if list := s.hub.emergencies.Of(dispatcher("x", "lot")); len(list) != 0 {
		t.Errorf("a dispatcher of another event is told %+v", list)
	}

	path := "/api/emergencies/acknowledge?id=" + url.QueryEscape(one.ID)
	for _, tc := range []struct {
		who    *auth.Claims
		status int
	}{{claims("a"), 403}, {dispatcher("x", "lot"), 404}, {d, 200}, {dispatcher("second", "gates"), 200}} {
		if a := s.do(t.Context(), "POST", path, tokenOf(t, tc.who), "", ""); a.status != tc.status {
			t.Errorf("%s: %d %s, want %d", tc.who.UserID, a.status, a.body, tc.status)
		}
	}
	if ack := shown()[0].Acknowledged; ack == nil || ack.By != "D" {
		t.Errorf("acknowledged %+v, want by the first, D", ack)
	}
	eventually(t, "it is in the audit log, once", func() bool {
		entries, err := s.state.Audit(t.Context(), 100)
		is := func(e redis.AuditEntry) bool { return e.Action == redis.ActionAcknowledged }
		i := slices.IndexFunc(entries, is)
		return err == nil && i >= 0 && entries[i].ActorID == "d" && entries[i].TargetID == "boss" && !slices.ContainsFunc(entries[i+1:], is)
	})
	if _, err := s.state.Release(t.Context(), s.claim); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it ended", func() bool { return shown()[0].Ended != 0 })
}
