package redis

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// alarm is an emergency of a dispatcher.
func alarm(channel, user string) Claim {
	cl := claim(channel, user)
	cl.Role, cl.Emergency = RoleDispatch, true
	return cl
}

// eventOf makes channels those of an event.
func eventOf(t testing.TB, c *Client, event string, channels ...string) {
	t.Helper()
	for _, ch := range channels {
		if err := c.SetChannelEvent(redistest.Context(t), ch, event); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEmergencyTakesTheEvent: all channels of the event and no other, from ports,
// dispatchers and servers alike; nobody gets one back before it is over.
func TestEmergencyTakesTheEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		eventOf(t, c, "e1", "m1", "m2", "m3", "m4")
		eventOf(t, c, "e2", "x1")
		member(t, rdb, "boss", "m1")
		member(t, rdb, "u2", "m2")
		member(t, rdb, "other", "m4", "x1")
		talker, dispatcher, elsewhere := claim("m2", "u2"), claim("m4", "other"), claim("x1", "other")
		dispatcher.Role = RoleDispatch
		for _, cl := range []Claim{talker, dispatcher, elsewhere} {
			redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		}
		server := ancestor{rdb: rdb}
		if ok, _ := server.acquire(ctx, "m3", "u3"); !ok {
			t.Fatal("the server's member does not talk")
		}
		views := watchFloor(t, c, "m2")
		redistest.Await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil && v.Holder.UserID == "u2" })

		cl := alarm("m1", "boss")
		d := redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		if d.Verdict != Granted || d.Epoch == 0 || len(d.Paused) != 3 || d.Paused["m2"].UserID != "u2" || d.Paused["m3"].UserID != "u3" || d.Paused["m4"].UserID != "other" {
			t.Fatalf("%+v", d)
		}
		redistest.Await(t, views, "the emergency", func(v FloorView) bool { return v.Holder != nil && v.Holder.Emergency == "m1" })
		for ch, holder := range redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")) {
			if holder.UserID != "boss" || holder.Emergency != "m1" || holder.Token != cl.Token || holder.Role != RoleDispatch {
				t.Errorf("%s: %+v", ch, holder)
			}
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, elsewhere)); st.State != Held {
			t.Errorf("the talker of another event stands as %+v", st)
		}
		for _, lost := range []Claim{talker, dispatcher} {
			if st := redistest.Must[Renewal](t)(c.Renew(ctx, lost)); st.State != Lost || st.Holder == nil || st.Holder.Emergency == "" {
				t.Errorf("%s stands as %+v", lost.UserID, st)
			}
			again := lost
			again.Token = "another"
			if d := redistest.Must[Decision](t)(c.Acquire(ctx, again)); d.Verdict != Busy || d.Holder.UserID != "boss" {
				t.Errorf("%s, asking again, got %+v", lost.UserID, d)
			}
			again.Wait = time.Second
			if d := redistest.Must[Decision](t)(c.Acquire(ctx, again)); d.Verdict != Queued {
				t.Errorf("%s, queueing, got %+v", lost.UserID, d)
			}
			redistest.Must[bool](t)(c.Release(ctx, again))
			if redistest.Must[bool](t)(c.Release(ctx, lost)) {
				t.Errorf("%s released the emergency's lock", lost.UserID)
			}
		}
		if ok, holder := server.acquire(ctx, "m3", "u3"); ok || holder != "boss" {
			t.Errorf("the server granted it: %v, %q", ok, holder)
		}
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted || len(d.Paused) != 0 {
			t.Errorf("asked again for what it has, it got %+v", d)
		}
		if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
			t.Error("not released")
		}
		redistest.Await(t, views, "an idle floor", func(v FloorView) bool { return v.Known && v.Holder == nil })
		if left := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		redistest.Until(t, "start and stop in the audit log", func() bool {
			var actions []string
			for _, e := range redistest.Must[[]AuditEntry](t)(c.Audit(ctx, 100)) {
				if e.ActorID == "boss" && e.EventID == "e1" {
					actions = append(actions, e.Action)
				}
			}
			return slices.Contains(actions, ActionEmergency) && slices.Contains(actions, ActionEmergencyEnd)
		})
	})
}

// TestEmergencyNeedsTheRole: and the right to talk on its own channel; whoever is
// refused has changed nothing.
func TestEmergencyNeedsTheRole(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		eventOf(t, c, "e1", "m1", "m2")
		for _, user := range []string{"u1", "banned"} {
			member(t, rdb, user, "m1", "m2")
		}
		member(t, rdb, "stranger", "m2")
		ban(rdb, "banned", 1<<53)
		talker := claim("m2", "u1")
		redistest.Must[Decision](t)(c.Acquire(ctx, talker))
		for _, test := range []struct {
			user string
			role Role
			want Verdict
		}{
			{"u1", RoleGeneral, NoRights}, {"u1", RoleUser, NoRights}, {"u1", RoleAdmin, NoRights}, {"u1", "", NoRights},
			{"stranger", RoleDispatch, NoRights}, {"banned", RoleDispatch, Banned},
		} {
			cl := alarm("m1", test.user)
			cl.Role = test.role
			if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != test.want {
				t.Errorf("%s as %q got %v, want %v", test.user, test.role, d.Verdict, test.want)
			}
			if redistest.Must[bool](t)(c.Release(ctx, cl)) {
				t.Errorf("%s as %q had something to release", test.user, test.role)
			}
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, talker)); st.State != Held {
			t.Errorf("the talker stands as %+v", st)
		}
	})
}

// TestEmergenciesAtOnce: one of many has all channels, and each other is told who.
func TestEmergenciesAtOnce(t *testing.T) {
	const channels, bosses = 20, 16
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		for i := range channels {
			eventOf(t, c, "e1", fmt.Sprint("m", i))
		}
		claims, decisions := [bosses]Claim{}, [bosses]Decision{}
		for i := range claims {
			claims[i] = alarm(fmt.Sprint("m", i), fmt.Sprint("boss", i))
			member(t, rdb, claims[i].UserID, claims[i].Channel)
		}
		var wg sync.WaitGroup
		for i := range claims {
			wg.Go(func() { decisions[i], _ = c.Acquire(ctx, claims[i]) })
		}
		wg.Wait()
		winner := slices.IndexFunc(decisions[:], func(d Decision) bool { return d.Verdict == Granted })
		if winner < 0 {
			t.Fatalf("nobody won: %v", decisions)
		}
		for i, d := range decisions {
			if i != winner && (d.Verdict != Busy || d.Holder.UserID != claims[winner].UserID) {
				t.Errorf("%d got %+v beside the winner %d", i, d, winner)
			}
		}
		speakers := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1"))
		for ch, h := range speakers {
			if h.Token != claims[winner].Token {
				t.Errorf("%s is %s's", ch, h.UserID)
			}
		}
		if len(speakers) != channels {
			t.Errorf("%d of %d channels are taken", len(speakers), channels)
		}
	})
}

// TestEmergencyIsKept: the renewal takes again what was lost of the other channels
// and takes what is new, and ends with what ends every talk spurt.
func TestEmergencyIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		eventOf(t, c, "e1", "m1", "m2")
		member(t, rdb, "boss", "m1")
		member(t, rdb, "u2", "m2", "m3")
		cl := alarm("m1", "boss")
		start := func() {
			t.Helper()
			if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
				t.Fatalf("%+v", d)
			}
		}
		start()
		rdb.Del(ctx, keyLock("m2"))
		redistest.Must[Decision](t)(c.Acquire(ctx, claim("m2", "u2")))
		eventOf(t, c, "e1", "m3")
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Held {
			t.Fatalf("%+v", st)
		}
		if s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); s["m2"].UserID != "boss" || s["m3"].UserID != "boss" {
			t.Errorf("after the renewal: %v", s)
		}
		redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "admin"))
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Lost || st.Holder != nil {
			t.Errorf("after the event was paused: %+v", st)
		}
		if s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(s) > 0 {
			t.Errorf("a lost emergency took %v", s)
		}
		start()
		rdb.SRem(ctx, keyRights("boss"), "m1")
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Revoked {
			t.Errorf("without the right: %+v", st)
		}
		member(t, rdb, "boss", "m1")
		ban(rdb, "boss", 1<<53)
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != RevokedByBan {
			t.Errorf("banned: %+v", st)
		}
	})
}

// TestEmergencyOfADeadPort ends by the locks' TTL.
func TestEmergencyOfADeadPort(t *testing.T) {
	s := redistest.Start(t)
	ctx, c, rdb := redistest.Context(t), open(t, s.URL), s.Client()
	eventOf(t, c, "e1", "m1", "m2")
	member(t, rdb, "boss", "m1")
	member(t, rdb, "u2", "m2")
	cl := alarm("m1", "boss")
	cl.TTL = 200 * time.Millisecond
	redistest.Must[Decision](t)(c.Acquire(ctx, cl))
	redistest.Until(t, "the floor is free", func() bool {
		return redistest.Must[Decision](t)(c.Acquire(ctx, claim("m2", "u2"))).Verdict == Granted
	})
}

// TestEmergencyOutsideAnEvent has the port's own channel.
func TestEmergencyOutsideAnEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		eventOf(t, c, "e1", "m2")
		member(t, rdb, "boss", "m1")
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, alarm("m1", "boss"))); d.Verdict != Granted {
			t.Fatalf("%+v", d)
		}
		if s := redistest.Must[map[string]Holder](t)(c.Speakers(ctx, "m1", "m2")); len(s) != 1 || s["m1"].Emergency != "m1" {
			t.Errorf("%v", s)
		}
	})
}

// TestEmergencyRoundTrips: two to take, to keep and to end it, however many the
// channels; what is changed is changed in one script.
func TestEmergencyRoundTrips(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		for i := range 50 {
			eventOf(t, c, "e1", fmt.Sprint("m", i))
		}
		member(t, rdb, "boss", "m1")
		ctx, trips := redistest.CountTrips(ctx, c.conn.Redis)
		cl := alarm("m1", "boss")
		last := int64(0)
		check := func(what string) {
			t.Helper()
			if n := trips() - last; n != 2 {
				t.Errorf("%s took %d round trips, expected 2", what, n)
			}
			last = trips()
		}
		redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		check("the start")
		redistest.Must[Renewal](t)(c.Renew(ctx, cl))
		check("a renewal")
		redistest.Must[bool](t)(c.Release(ctx, cl))
		check("the end")
	})
}

// TestEmergencyOnACluster takes channels that live on different nodes, and gives
// back what it took where another has one of them.
func TestEmergencyOnACluster(t *testing.T) {
	url, _ := redistest.StartCluster(t)
	ctx, c := redistest.Context(t), open(t, url)
	eventOf(t, c, "e1", "m1", "m2", "m3", "m4", "m5")
	for _, user := range []string{"boss", "chief"} {
		redistest.Must[[]string](t)(c.GrantRights(ctx, user, "m1", "m3"))
	}
	redistest.Must[[]string](t)(c.GrantRights(ctx, "u2", "m2"))
	redistest.Must[Decision](t)(c.Acquire(ctx, claim("m2", "u2")))
	cl := alarm("m1", "boss")
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted || len(d.Paused) != 1 || d.Paused["m2"].UserID != "u2" {
		t.Fatalf("%+v", d)
	}
	if s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(s) != 5 {
		t.Errorf("it has %v", s)
	}
	if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Held {
		t.Errorf("%+v", st)
	}
	redistest.Must[*Holder](t)(c.ClearFloor(ctx, "m3", "admin"))
	second := alarm("m3", "chief")
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, second)); d.Verdict != Busy || d.Holder.UserID != "boss" {
		t.Errorf("beside another's emergency: %+v", d)
	}
	if s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(s) != 4 || s["m3"].UserID != "" {
		t.Errorf("after that: %v", s)
	}
	if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
		t.Error("not released")
	}
	if s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(s) != 0 {
		t.Errorf("left behind: %v", s)
	}
}
