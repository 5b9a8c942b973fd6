package redis

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// aclUser loads the documented rule of a user and returns a client and a raw
// connection under it.
func aclUser(t *testing.T, s *redistest.Server, user string) (*Client, *goredis.Client) {
	t.Helper()
	addRule(t, s, user, user)
	c, err := Open(conn.Config{URL: s.URL, Username: user, PasswordFile: file(t, "sesame\n")})
	if err != nil {
		t.Fatal(err)
	}
	rdb := goredis.NewClient(&goredis.Options{Addr: s.Addr, Username: user, Password: "sesame", Protocol: 2,
		DisableIdentity: true})
	t.Cleanup(func() { rdb.Close() })
	t.Cleanup(func() { c.Close() })
	return c, rdb
}

// addRule gives a user the documented rule of that name.
func addRule(t *testing.T, s *redistest.Server, user, name string) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rule, ok := strings.Cut(string(doc), "```acl\nuser "+name+" ")
	if !ok {
		t.Fatalf("docs/redis.md has no rule for %s", name)
	}
	rule, _, _ = strings.Cut(rule, "\n")
	rule = strings.ReplaceAll(rule, "PASSWORD_SHA256", fmt.Sprintf("%x", sha256.Sum256([]byte("sesame"))))
	args := []any{"ACL", "SETUSER", user}
	for i, part := range strings.Split(rule, "(") {
		if i == 0 {
			for _, f := range strings.Fields(part) {
				args = append(args, f)
			}
			continue
		}
		args = append(args, "("+strings.TrimSpace(part))
	}
	s.Do(args...)
}

func refused(t *testing.T, rdb *goredis.Client, commands ...[]any) {
	t.Helper()
	for _, args := range commands {
		if err := rdb.Do(redistest.Context(t), args...).Err(); !goredis.HasErrorPrefix(err, "NOPERM") && !strings.Contains(fmt.Sprint(err), "The user executing the script can't") {
			t.Errorf("%v: %v, expected it to be refused", args, err)
		}
	}
}

func TestACLOfAGuard(t *testing.T) {
	s := redistest.Start(t)
	c, rdb := aclUser(t, s, "guard")
	ctx, admin := redistest.Context(t), open(t, s.URL)
	redistest.Must[[]string](t)(admin.GrantRights(ctx, "north", "gates"))
	rights, views := watchRights(t, c, "north"), watchFloor(t, c, "gates")
	redistest.Await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("gates") })
	redistest.Until(t, "a subscription", func() bool { return c.Subscription().Connected })
	if d := redistest.Must[Decision](t)(admin.Acquire(ctx, claim("gates", "north"))); d.Verdict != Granted {
		t.Fatalf("%+v", d)
	}
	redistest.Await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil })
	if err := c.KeepGuard(ctx, "gates"); err != nil {
		t.Error(err)
	}
	if g := redistest.Must[Guards](t)(admin.ReadGuards(ctx, "gates")); !g.Rooms["gates"] {
		t.Errorf("%+v, want a lease", g)
	}
	refused(t, rdb, []any{"SET", "channel:gates:speaker", "x"}, []any{"DEL", "channel:gates:speaker"}, []any{"SADD", "u.north.g", "tower"})
}

func TestACLOfAPort(t *testing.T) {
	s := redistest.Start(t)
	c, rdb := aclUser(t, s, "port-north")
	ctx, admin := redistest.Context(t), open(t, s.URL)
	redistest.Must[[]string](t)(admin.GrantRights(ctx, "north", "gates"))
	rights, views := watchRights(t, c, "north"), watchFloor(t, c, "gates")
	redistest.Await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("gates") })
	redistest.Until(t, "a subscription", func() bool { return c.Subscription().Connected })
	cl := claim("gates", "north")
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
		t.Fatalf("%+v", d)
	}
	redistest.Await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil })
	if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Held {
		t.Fatalf("%+v", st)
	}
	if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
		t.Fatal("not released")
	}
	inTurn := claim("gates", "north")
	inTurn.Wait = time.Second
	redistest.Must[Decision](t)(admin.Acquire(ctx, inTurn))
	behind := claim("gates", "north")
	behind.Wait = time.Second
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, behind)); d.Verdict != Queued {
		t.Fatalf("%+v", d)
	}
	redistest.Must[bool](t)(c.Release(ctx, behind))
	redistest.Must[bool](t)(admin.Release(ctx, inTurn))
	redistest.Must[[]string](t)(admin.RevokeRights(ctx, "north", "gates"))
	redistest.Await(t, rights, "silence", func(r Rights) bool { return !r.MayTalk("gates") })
	redistest.Until(t, "its audit entries", func() bool { return len(redistest.Must[[]AuditEntry](t)(admin.Audit(ctx, 10))) == 4 })

	if err := c.PutReport(ctx, report("north"), time.Minute); err != nil {
		t.Error(err)
	}
	if err := c.PutReport(ctx, report("south"), time.Minute); err == nil {
		t.Error("a port reported as another")
	}
	told := watchFleet(t, c, fleet.ScopesOf("north", "gates"))
	apply(t, admin, 7, &fleet.Rollout{Canaries: 1}, "info", fleet.Group("gates"))
	redistest.Await(t, told, "its group's document", func(v fleetstore.View) bool { return v.Scopes[fleet.Group("gates")].State == fleet.Trying })
	if state := redistest.Must[fleet.State](t)(c.ReportCanary(ctx, 7, "north", "")); state != fleet.Open {
		t.Errorf("the rollout is %s", state)
	}
	redistest.Await(t, told, "its rollout", func(v fleetstore.View) bool { return v.Scopes[fleet.Group("gates")].State == fleet.Open })

	answering(t, c, "north")
	if a := redistest.Must[fleet.Answer](t)(admin.Ask(ctx, "north", fleet.Parrot)); a.Echo == nil {
		t.Errorf("%+v", a)
	}
	refused(t, rdb,
		[]any{"SUBSCRIBE", topicAsk("south")},
		[]any{"SADD", keyRights("north"), "gates"},
		[]any{"HSET", "talkgate:fleet:report:{south}", "report", "{}"},
		[]any{"HGETALL", "talkgate:fleet:report:{south}"},
		[]any{"HSET", "talkgate:fleet:{config}:desired", "defaults", "{}"},
		[]any{"HDEL", "talkgate:fleet:{config}:settled", "defaults"},
		[]any{"DEL", "talkgate:fleet:{config}:rollout:7"},
		[]any{"LPUSH", "talkgate:fleet:{config}:history", "{}"},
		[]any{"SREM", "talkgate:fleet:gateways", "south"},
		[]any{"EVAL", "return redis.call('SADD', KEYS[1], 'gates')", 1, keyRights("north")},
		[]any{"EVAL", "return redis.call('DEL', KEYS[1])", 1, keyBanned},
		[]any{"ZREM", keyBanned, "north"},
		[]any{"DEL", keyBan("north")},
		[]any{"SET", keyLock("yards"), "{}"},
		[]any{"GET", keyLock("yards")},
		[]any{"ZADD", keyQueue("yards"), 1, "x"},
		[]any{"SMEMBERS", keyRights("south")},
		[]any{"SUBSCRIBE", topicRights("south")},
		[]any{"PUBLISH", keyEvents("yards"), "{}"},
		[]any{"HSET", keyChannelEvents, "gates", "e1"},
		[]any{"LRANGE", keyAudit, 0, -1},
		[]any{"KEYS", "*"}, []any{"FLUSHALL"}, []any{"CONFIG", "GET", "*"}, []any{"ACL", "LIST"}, []any{"SCRIPT", "FLUSH"},
		[]any{"CLIENT", "LIST"}, []any{"DEBUG", "SLEEP", "0"}, []any{"SHUTDOWN"}, []any{"REPLICAOF", "NO", "ONE"},
	)
}

// TestACLOfAnEmergencyButton: with its own rule a port takes the floors of the
// event, without it none but its own.
func TestACLOfAnEmergencyButton(t *testing.T) {
	s := redistest.Start(t)
	ctx, admin := redistest.Context(t), open(t, s.URL)
	eventOf(t, admin, "e1", "gates", "yards")
	redistest.Must[[]string](t)(admin.GrantRights(ctx, "north", "gates"))
	redistest.Must[[]string](t)(admin.GrantRights(ctx, "u2", "yards"))
	talker := claim("yards", "u2")
	redistest.Must[Decision](t)(admin.Acquire(ctx, talker))
	c, rdb := aclUser(t, s, "port-north")
	cl := alarm("gates", "north")
	if d, err := c.Acquire(ctx, cl); err == nil {
		t.Fatalf("without the rule: %+v", d)
	}
	if st := redistest.Must[Renewal](t)(admin.Renew(ctx, talker)); st.State != Held {
		t.Fatalf("the talker stands as %+v", st)
	}
	addRule(t, s, "port-north", "port-north-emergency")
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted || len(d.Paused) != 1 {
		t.Fatalf("%+v", d)
	}
	if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Held {
		t.Fatalf("%+v", st)
	}
	if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
		t.Error("not released")
	}
	refused(t, rdb,
		[]any{"SADD", keyRights("north"), "yards"},
		[]any{"HSET", keyChannelEvents, "lots", "e1"},
		[]any{"KEYS", "*"}, []any{"FLUSHALL"}, []any{"CONFIG", "GET", "*"},
	)
}

func TestACLOfAHub(t *testing.T) {
	s := redistest.Start(t)
	c, rdb := aclUser(t, s, "hub")
	pressOnce(t, c)
	ctx := redistest.Context(t)
	if err := c.PutSession(ctx, Session{UserID: "u1", Channels: []string{"m1"}}); err != nil {
		t.Error(err)
	}
	if err := c.RemoveSession(ctx, "u1"); err != nil {
		t.Error(err)
	}
	if err := open(t, s.URL).SetChannelEvent(ctx, "m1", "e1"); err != nil {
		t.Fatal(err)
	}
	redistest.Must[map[string]string](t)(c.Events(ctx))
	redistest.Must[[]string](t)(c.By("boss").GrantRights(ctx, "u1", "m1"))
	redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u1")))
	if speakers := redistest.Must[map[string]Holder](t)(c.Speakers(ctx, "m1")); len(speakers) != 1 {
		t.Errorf("speakers %v", speakers)
	}
	if paused := redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 1 {
		t.Errorf("paused %v", paused)
	}
	emergency := alarm("m1", "u1")
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, emergency)); d.Verdict != Granted {
		t.Errorf("%+v", d)
	}
	redistest.Must[Renewal](t)(c.Renew(ctx, emergency))
	redistest.Must[bool](t)(c.Release(ctx, emergency))
	redistest.Until(t, "its audit entries", func() bool { return len(redistest.Must[[]AuditEntry](t)(c.Audit(ctx, 10))) >= 3 })
	if err := open(t, s.URL).PutReport(ctx, report("north"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if all := redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx)); len(all) != 1 || !all[0].Live {
		t.Errorf("reports %+v", all)
	}
	views := make(chan fleetstore.ReportsView, 10)
	go func() { _ = c.WatchReports(ctx, func(v fleetstore.ReportsView) { views <- v }) }()
	redistest.Await(t, views, "its report", func(v fleetstore.ReportsView) bool { return len(v.Sightings) == 1 && v.Sightings[0].Live })
	answering(t, open(t, s.URL), "north")
	redistest.Must[fleet.Answer](t)(c.By("boss").Ask(ctx, "north", fleet.Parrot))
	redistest.Until(t, "that it was asked is in the audit log", func() bool {
		e := redistest.Must[[]AuditEntry](t)(c.Audit(ctx, 1))
		return len(e) == 1 && e[0].Action == ActionAsked && e[0].ActorID == "boss" && e[0].TargetID == "north"
	})
	refused(t, rdb,
		[]any{"HSET", "talkgate:fleet:report:{north}", "report", "{}"},
		[]any{"DEL", keySessions},
		[]any{"ZADD", keyBanned, 1, "u1"},
		[]any{"ZREM", keyBanned, "u1"},
		[]any{"HSET", keyChannelEvents, "m1", "e1"},
		[]any{"KEYS", "*"}, []any{"FLUSHALL"}, []any{"CONFIG", "GET", "*"},
	)
}

func TestACLOfADispatcher(t *testing.T) {
	s := redistest.Start(t)
	c, rdb := aclUser(t, s, "dispatch")
	ctx := redistest.Context(t)
	redistest.Must[[]string](t)(c.By("boss").GrantRights(ctx, "u1", "m1"))
	redistest.Must[[]string](t)(c.By("boss").SetRights(ctx, "u1", "m1", "m2"))
	redistest.Must[[]string](t)(c.By("boss").RevokeRights(ctx, "u1", "m2"))
	redistest.Until(t, "its audit entries", func() bool { return redistest.Raw(t, s.URL).LLen(ctx, keyAudit).Val() == 3 })
	redistest.Must[Rights](t)(c.ReadRights(ctx, "u1"))
	redistest.Must[Ban](t)(c.BanUser(ctx, "u1", "boss", "", time.Minute))
	if bans := redistest.Must[[]Ban](t)(c.Bans(ctx)); len(bans) != 1 {
		t.Errorf("bans %v", bans)
	}
	redistest.Must[bool](t)(c.UnbanUser(ctx, "u1", "boss"))
	if err := c.SetChannelEvent(ctx, "m1", "e1"); err != nil {
		t.Error(err)
	}
	for _, channels := range [][]string{{"m1", "m2"}, {"m1"}} {
		if _, _, err := c.SetEvent(ctx, "e1", "boss", channels...); err != nil {
			t.Error(err)
		}
	}
	redistest.Must[string](t)(c.ChannelEvent(ctx, "m1"))
	redistest.Must[[]string](t)(c.AllChannels(ctx))
	redistest.Must[Decision](t)(open(t, s.URL).Acquire(ctx, claim("m1", "u1")))
	redistest.Must[FloorView](t)(c.ReadFloor(ctx, "m1"))
	if speakers := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(speakers) != 1 {
		t.Errorf("speakers %v", speakers)
	}
	if paused := redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 1 {
		t.Errorf("paused %v", paused)
	}
	redistest.Must[*Holder](t)(c.ClearFloor(ctx, "m1", "boss"))
	redistest.Await(t, watchFloor(t, c, "m1"), "an idle floor", func(v FloorView) bool { return v.Known })
	redistest.Until(t, "its audit entries", func() bool { return len(redistest.Must[[]AuditEntry](t)(open(t, s.URL).Audit(ctx, 10))) >= 3 })
	refused(t, rdb,
		[]any{"SET", keyLock("m1"), "{}"},
		[]any{"DEL", keySessions},
		[]any{"KEYS", "*"}, []any{"FLUSHALL"}, []any{"CONFIG", "GET", "*"},
	)
}

func TestACLOfAFleetsOperator(t *testing.T) {
	s := redistest.Start(t)
	c, rdb := aclUser(t, s, "fleet")
	ctx := redistest.Context(t)
	if err := open(t, s.URL).PutReport(ctx, report("north"), time.Minute); err != nil {
		t.Fatal(err)
	}
	var last fleetstore.Apply
	for v := range uint64(100 + 2) {
		last = apply(t, c, v+1, &fleet.Rollout{Canaries: 1}, "info", fleet.Defaults)
	}
	redistest.Must[[]fleetstore.Apply](t)(c.FleetHistory(ctx, 10))
	redistest.Must[map[fleet.Scope]fleet.Envelope](t)(c.FleetBefore(ctx, last))
	redistest.Must[map[fleet.Scope]fleet.Stored](t)(c.ReadWholeFleet(ctx))
	redistest.Must[fleetstore.Rollout](t)(c.ReadRollout(ctx, last.Version))
	if all := redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx)); len(all) != 1 || !all[0].Live {
		t.Errorf("%+v", all)
	}
	if !redistest.Must[bool](t)(c.ForgetReport(ctx, "north")) {
		t.Error("north was not known")
	}
	answering(t, open(t, s.URL), "north")
	redistest.Must[fleet.Answer](t)(c.Ask(ctx, "north", fleet.Parrot))
	refused(t, rdb,
		[]any{"HSET", "talkgate:fleet:report:{north}", "report", "{}"},
		[]any{"SMEMBERS", keyRights("north")},
		[]any{"SET", keyLock("gates"), "{}"},
		[]any{"KEYS", "*"}, []any{"FLUSHALL"}, []any{"CONFIG", "GET", "*"},
	)
}
