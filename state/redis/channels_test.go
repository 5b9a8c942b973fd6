package redis

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestChannelEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		for ch, ev := range map[string]string{"m1": "e1", "m2": "e1", "m3": "e2"} {
			if err := c.SetChannelEvent(ctx, ch, ev); err != nil {
				t.Fatal(err)
			}
		}
		if ev := redistest.Must[string](t)(c.ChannelEvent(ctx, "m3")); ev != "e2" {
			t.Errorf("event of m3 is %q", ev)
		}
		if ev := redistest.Must[string](t)(c.ChannelEvent(ctx, "m9")); ev != "" {
			t.Errorf("event of m9 is %q", ev)
		}
		if chs := redistest.Must[[]string](t)(c.ChannelsForEvent(ctx, "e1")); !slices.Equal(chs, []string{"m1", "m2"}) {
			t.Errorf("channels of e1 are %q", chs)
		}
		if s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(s) != 0 {
			t.Errorf("speakers %v", s)
		}
		member(t, rdb, "u1", "m1", "m3")
		redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u1")))
		redistest.Must[Decision](t)(c.Acquire(ctx, claim("m3", "u1")))
		rdb.Set(ctx, keyLock("m2"), `{"userId":"u2","userName":"Name u2","timestamp":1795398687760}`, 30*time.Second)
		s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1"))
		if len(s) != 2 || s["m1"].UserID != "u1" || s["m2"].UserID != "u2" {
			t.Errorf("speakers %v", s)
		}
	})
}

func TestSetEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c := redistest.Context(t), open(t, url)
		for _, tc := range []struct {
			event                    string
			channels, added, removed []string
			e1, e2                   []string
		}{
			{"e1", []string{"b", "a", "b"}, []string{"a", "b"}, nil, []string{"a", "b"}, nil},
			{"e1", []string{"a", "b"}, nil, nil, []string{"a", "b"}, nil},
			{"e2", []string{"b", "c"}, []string{"b", "c"}, nil, []string{"a"}, []string{"b", "c"}},
			{"e2", []string{"c"}, nil, []string{"b"}, []string{"a"}, []string{"c"}},
			{"e2", nil, nil, []string{"c"}, []string{"a"}, nil},
		} {
			added, removed, err := c.SetEvent(ctx, tc.event, "boss", tc.channels...)
			if err != nil || !slices.Equal(added, tc.added) || !slices.Equal(removed, tc.removed) {
				t.Errorf("set %s to %q: %q came, %q left, %v", tc.event, tc.channels, added, removed, err)
			}
			if e1, e2 := redistest.Must[[]string](t)(c.ChannelsForEvent(ctx, "e1")), redistest.Must[[]string](t)(c.ChannelsForEvent(ctx, "e2")); !slices.Equal(e1, tc.e1) || !slices.Equal(e2, tc.e2) {
				t.Errorf("set %s to %q: e1 is %q, e2 %q", tc.event, tc.channels, e1, e2)
			}
		}
		if _, _, err := c.SetEvent(ctx, "e1", "boss", ""); err == nil {
			t.Error("a channel without a name is taken")
		}
	})
}

func TestPauseAllSpeakers(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		const n = 200
		member(t, rdb, "u1", "m7")
		for i := range n {
			ch := fmt.Sprint("m", i)
			redistest.Must[int64](t)(rdb.HSet(ctx, keyChannelEvents, ch, "e1").Result())
			if i%2 == 0 {
				rdb.Set(ctx, keyLock(ch), `{"userId":"u2","userName":"Name u2","timestamp":1795398687760}`, 30*time.Second)
			}
		}
		rdb.HSet(ctx, keyChannelEvents, "other", "e2")
		rdb.Set(ctx, keyLock("other"), `{"userId":"u2","userName":"Name u2","timestamp":1795398687760}`, 30*time.Second)
		cl := claim("m7", "u1")
		redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		views := watchFloor(t, c, "m7")
		redistest.Await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil })

		counted, trips := redistest.CountTrips(ctx, c.conn.Redis)
		paused := redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(counted, "e1", "boss"))
		if n := trips(); n != 2 {
			t.Errorf("pausing took %d round trips, expected 2", n)
		}
		if len(paused) != n/2+1 || paused["m7"].UserID != "u1" || paused["m0"].UserID != "u2" {
			t.Errorf("paused %d, m7 %+v, m0 %+v", len(paused), paused["m7"], paused["m0"])
		}
		redistest.Await(t, views, "an idle floor", func(v FloorView) bool { return v.Known && v.Holder == nil })
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Lost {
			t.Errorf("the paused talker stands as %v", st)
		}
		if rdb.Exists(ctx, keyLock("other")).Val() != 1 {
			t.Error("a channel of another event was paused")
		}
		if again := redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(again) != 0 {
			t.Errorf("paused again: %v", again)
		}
		if none := redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e9", "boss")); len(none) != 0 {
			t.Errorf("paused in an unknown event: %v", none)
		}
		if h := redistest.Must[*Holder](t)(c.ClearFloor(ctx, "other", "boss")); h == nil || h.UserID != "u2" {
			t.Errorf("cleared %+v", h)
		}
		if h := redistest.Must[*Holder](t)(c.ClearFloor(ctx, "other", "boss")); h != nil {
			t.Errorf("cleared again %+v", h)
		}
	})
}

func TestSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		s := Session{UserID: "u1", UserName: "Name u1", DeviceID: "d1", ConnectedAt: 1795398687125, Channels: []string{"m1", "m2"}}
		if err := c.PutSession(ctx, s); err != nil {
			t.Fatal(err)
		}
		want := `{"userId":"u1","userName":"Name u1","deviceId":"d1","connectedAt":1795398687125,"channels":["m1","m2"]}`
		if got := rdb.HGet(ctx, keySessions, "u1").Val(); got != want {
			t.Errorf("stored %s, expected %s", got, want)
		}
		if v, ttl := rdb.Get(ctx, keySession("u1")).Val(), rdb.TTL(ctx, keySession("u1")).Val(); v != "1" || ttl <= 0 || ttl > time.Hour {
			t.Errorf("session key is %q for %v", v, ttl)
		}
		rdb.HSet(ctx, keySessions, "u2", "nonsense", "u3", `{"userId":"u4"}`)
		if all := redistest.Must[[]Session](t)(c.Sessions(ctx)); len(all) != 1 || all[0].DeviceID != "d1" {
			t.Errorf("sessions %+v", all)
		}
		if users := redistest.Must[[]string](t)(c.ChannelUsers(ctx, "m2")); !slices.Equal(users, []string{"u1"}) {
			t.Errorf("users %q", users)
		}
		if err := c.RemoveSession(ctx, "u1"); err != nil {
			t.Fatal(err)
		}
		if users := redistest.Must[[]string](t)(c.ChannelUsers(ctx, "m2")); len(users) != 0 || rdb.Exists(ctx, keySession("u1")).Val() != 0 || rdb.HExists(ctx, keySessions, "u1").Val() {
			t.Errorf("something is left of the session: %q", users)
		}
	})
}

func TestAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, rdb := redistest.Context(t), redistest.Raw(t, url)
		c, err := Open(conn.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		member(t, rdb, "u1", "m1")
		member(t, rdb, "u2", "m1")
		rdb.HSet(ctx, keyChannelEvents, "m1", "e1")
		one, two, none := claim("m1", "u1"), claim("m1", "u2"), claim("m1", "u3")
		one.Role, two.Role = RoleGeneral, RoleDispatch
		redistest.Must[Decision](t)(c.Acquire(ctx, one))
		redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u1")))
		redistest.Must[Decision](t)(c.Acquire(ctx, none))
		redistest.Must[Decision](t)(c.Acquire(ctx, two))
		rdb.SRem(ctx, keyRights("u2"), "m1")
		redistest.Must[Renewal](t)(c.Renew(ctx, two))
		redistest.Must[bool](t)(c.Release(ctx, two))
		rdb.Set(ctx, keyLock("m1"), "{}", 0)
		redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss"))
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		entries := redistest.Must[[]AuditEntry](t)(open(t, url).Audit(ctx, 100))
		slices.Reverse(entries)
		var got []string
		for _, e := range entries {
			got = append(got, e.ActorID+" "+e.Action+" "+e.EventID+"/"+e.TargetID)
		}
		want := []string{"u1 ptt.start e1/m1", "u1 ptt.denied e1/m1", "u3 ptt.denied e1/m1", "u2 priority_ptt.interrupted e1/m1",
			"u2 priority_ptt.start e1/m1", "u2 permission.revoked e1/m1", "u2 ptt.stop e1/m1", "boss event.paused e1/m1"}
		if !slices.Equal(got, want) {
			t.Errorf("audit log\n%q, expected\n%q", got, want)
		}
		var first map[string]any
		if err := json.Unmarshal([]byte(rdb.LIndex(ctx, keyAudit, -1).Val()), &first); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"id", "actorId", "eventId", "action", "targetId", "metadata", "timestamp"} {
			if first[key] == nil {
				t.Errorf("entry has no %s: %v", key, first)
			}
		}
		if len(first) != 7 || rdb.ZCard(ctx, keyAuditActor("u1")).Val() != 2 {
			t.Errorf("entry %v", first)
		}
	})
}

// TestAllChannels: a channel is there once it has a member, an event or a talker; also on
// the servers of a cluster.
func TestAllChannels(t *testing.T) {
	cluster, _ := redistest.StartCluster(t)
	for _, url := range []string{redistest.Start(t).URL, cluster} {
		ctx, c := redistest.Context(t), open(t, url)
		rdb := c.conn.Redis
		if all := redistest.Must[[]string](t)(c.AllChannels(ctx)); len(all) != 0 {
			t.Errorf("%s: before there are any: %q", url, all)
		}
		for i := range 2500 { // more than one round trip finds
			rdb.Set(ctx, fmt.Sprint("other:", i), "", 0)
		}
		if err := c.SetChannelEvent(ctx, "of an event", "e1"); err != nil {
			t.Fatal(err)
		}
		redistest.Must[[]string](t)(c.GrantRights(ctx, "u1", "with a member"))
		rdb.Set(ctx, keyLock("with:a:talker"), `{"userId":"u2"}`, time.Minute)
		if all := redistest.Must[[]string](t)(c.AllChannels(ctx)); !slices.Equal(all, []string{"of an event", "with a member", "with:a:talker"}) {
			t.Errorf("%s: found %q", url, all)
		}
	}
}
