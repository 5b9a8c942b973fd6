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
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// aclUser loads the documented rule of a user and returns a client and a raw
// connection under it.
func aclUser(t *testing.T, s *redistest.Server, user string) (*Client, *goredis.Client) {
	t.Helper()
	addRule(t, s, user, user)
	c, err := Open(Config{URL: s.URL, Username: user, PasswordFile: file(t, "sesame\n")})
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
		if err := rdb.Do(testContext(t), args...).Err(); !goredis.HasErrorPrefix(err, "NOPERM") && !strings.Contains(fmt.Sprint(err), "The user executing the script can't") {
			t.Errorf("%v: %v, expected it to be refused", args, err)
		}
	}
}

func TestACLOfAPort(t *testing.T) {
	s := redistest.Start(t)
	c, rdb := aclUser(t, s, "port-north")
	ctx, admin := testContext(t), open(t, s.URL)
	must[[]string](t)(admin.GrantRights(ctx, "north", "gates"))
	rights, views := watchRights(t, c, "north"), watchFloor(t, c, "gates")
	await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("gates") })
	until(t, "a subscription", func() bool { return c.Subscription().Connected })
	cl := claim("gates", "north")
	if d := must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
		t.Fatalf("%+v", d)
	}
	await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil })
	if st := must[Standing](t)(c.Renew(ctx, cl)); st.State != Held {
		t.Fatalf("%+v", st)
	}
	if !must[bool](t)(c.Release(ctx, cl)) {
		t.Fatal("not released")
	}
	inTurn := claim("gates", "north")
	inTurn.Wait = time.Second
	must[Decision](t)(admin.Acquire(ctx, inTurn))
	behind := claim("gates", "north")
	behind.Wait = time.Second
	if d := must[Decision](t)(c.Acquire(ctx, behind)); d.Verdict != Queued {
		t.Fatalf("%+v", d)
	}
	must[bool](t)(c.Release(ctx, behind))
	must[bool](t)(admin.Release(ctx, inTurn))
	must[[]string](t)(admin.RevokeRights(ctx, "north", "gates"))
	await(t, rights, "silence", func(r Rights) bool { return !r.MayTalk("gates") })
	until(t, "its audit entries", func() bool { return len(must[[]AuditEntry](t)(admin.Audit(ctx, 10))) == 4 })

	if err := c.PutReport(ctx, report("north"), time.Minute); err != nil {
		t.Error(err)
	}
	if err := c.PutReport(ctx, report("south"), time.Minute); err == nil {
		t.Error("a port reported as another")
	}
	told := watchFleet(t, c, fleet.ScopesOf("north", "gates"))
	apply(t, admin, 7, &fleet.Rollout{Canaries: 1}, "info", fleet.Group("gates"))
	await(t, told, "its group's document", func(v FleetView) bool { return v.Scopes[fleet.Group("gates")].State == fleet.Trying })
	if state := must[fleet.State](t)(c.JudgeRollout(ctx, 7, "north", "")); state != fleet.Open {
		t.Errorf("the rollout is %s", state)
	}
	await(t, told, "its rollout", func(v FleetView) bool { return v.Scopes[fleet.Group("gates")].State == fleet.Open })

	answering(t, c, "north")
	if a := must[fleet.Answer](t)(admin.Ask(ctx, "north", fleet.Parrot)); a.Echo == nil {
		t.Errorf("%+v", a)
	}
	refused(t, rdb,
		[]any{"SUBSCRIBE", topicAsk("south")},
		[]any{"SADD", keyRights("north"), "gates"},
		[]any{"HSET", keyReport("south"), "report", "{}"},
		[]any{"HGETALL", keyReport("south")},
		[]any{"HSET", keyDesired, "defaults", "{}"},
		[]any{"HDEL", keySettled, "defaults"},
		[]any{"DEL", keyRollout(7)},
		[]any{"LPUSH", keyFleetHistory, "{}"},
		[]any{"SREM", keyGateways, "south"},
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
	ctx, admin := testContext(t), open(t, s.URL)
	eventOf(t, admin, "e1", "gates", "yards")
	must[[]string](t)(admin.GrantRights(ctx, "north", "gates"))
	must[[]string](t)(admin.GrantRights(ctx, "u2", "yards"))
	talker := claim("yards", "u2")
	must[Decision](t)(admin.Acquire(ctx, talker))
	c, rdb := aclUser(t, s, "port-north")
	cl := alarm("gates", "north")
	if d, err := c.Acquire(ctx, cl); err == nil {
		t.Fatalf("without the rule: %+v", d)
	}
	if st := must[Standing](t)(admin.Renew(ctx, talker)); st.State != Held {
		t.Fatalf("the talker stands as %+v", st)
	}
	addRule(t, s, "port-north", "port-north-emergency")
	if d := must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted || len(d.Paused) != 1 {
		t.Fatalf("%+v", d)
	}
	if st := must[Standing](t)(c.Renew(ctx, cl)); st.State != Held {
		t.Fatalf("%+v", st)
	}
	if !must[bool](t)(c.Release(ctx, cl)) {
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
	ctx := testContext(t)
	if err := c.PutSession(ctx, Session{UserID: "u1", Channels: []string{"m1"}}); err != nil {
		t.Error(err)
	}
	if err := c.RemoveSession(ctx, "u1"); err != nil {
		t.Error(err)
	}
	if err := open(t, s.URL).SetChannelEvent(ctx, "m1", "e1"); err != nil {
		t.Fatal(err)
	}
	must[map[string]string](t)(c.Events(ctx))
	must[[]string](t)(c.By("boss").GrantRights(ctx, "u1", "m1"))
	must[Decision](t)(c.Acquire(ctx, claim("m1", "u1")))
	if speakers := must[map[string]Holder](t)(c.Speakers(ctx, "m1")); len(speakers) != 1 {
		t.Errorf("speakers %v", speakers)
	}
	if paused := must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 1 {
		t.Errorf("paused %v", paused)
	}
	emergency := alarm("m1", "u1")
	if d := must[Decision](t)(c.Acquire(ctx, emergency)); d.Verdict != Granted {
		t.Errorf("%+v", d)
	}
	must[Standing](t)(c.Renew(ctx, emergency))
	must[bool](t)(c.Release(ctx, emergency))
	until(t, "its audit entries", func() bool { return len(must[[]AuditEntry](t)(c.Audit(ctx, 10))) >= 3 })
	if err := open(t, s.URL).PutReport(ctx, report("north"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if all := must[[]fleet.Sighting](t)(c.Reports(ctx)); len(all) != 1 || !all[0].Live {
		t.Errorf("reports %+v", all)
	}
	awaitReports(t, watchReports(t, c), "north", func(s fleet.Sighting) bool { return s.Live })
	answering(t, open(t, s.URL), "north")
	must[fleet.Answer](t)(c.By("boss").Ask(ctx, "north", fleet.Parrot))
	until(t, "that it was asked is in the audit log", func() bool {
		e := must[[]AuditEntry](t)(c.Audit(ctx, 1))
		return len(e) == 1 && e[0].Action == ActionAsked && e[0].ActorID == "boss" && e[0].TargetID == "north"
	})
	refused(t, rdb,
		[]any{"HSET", keyReport("north"), "report", "{}"},
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
	ctx := testContext(t)
	must[[]string](t)(c.By("boss").GrantRights(ctx, "u1", "m1"))
	must[[]string](t)(c.By("boss").SetRights(ctx, "u1", "m1", "m2"))
	must[[]string](t)(c.By("boss").RevokeRights(ctx, "u1", "m2"))
	until(t, "its audit entries", func() bool { return raw(t, s.URL).LLen(ctx, keyAudit).Val() == 3 })
	must[Rights](t)(c.ReadRights(ctx, "u1"))
	must[Ban](t)(c.BanUser(ctx, "u1", "boss", "", time.Minute))
	if bans := must[[]Ban](t)(c.Bans(ctx)); len(bans) != 1 {
		t.Errorf("bans %v", bans)
	}
	must[bool](t)(c.UnbanUser(ctx, "u1", "boss"))
	if err := c.SetChannelEvent(ctx, "m1", "e1"); err != nil {
		t.Error(err)
	}
	for _, channels := range [][]string{{"m1", "m2"}, {"m1"}} {
		if _, _, err := c.SetEvent(ctx, "e1", "boss", channels...); err != nil {
			t.Error(err)
		}
	}
	must[string](t)(c.ChannelEvent(ctx, "m1"))
	must[Decision](t)(open(t, s.URL).Acquire(ctx, claim("m1", "u1")))
	must[FloorView](t)(c.ReadFloor(ctx, "m1"))
	if speakers := must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(speakers) != 1 {
		t.Errorf("speakers %v", speakers)
	}
	if paused := must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 1 {
		t.Errorf("paused %v", paused)
	}
	must[*Holder](t)(c.ClearFloor(ctx, "m1", "boss"))
	await(t, watchFloor(t, c, "m1"), "an idle floor", func(v FloorView) bool { return v.Known })
	until(t, "its audit entries", func() bool { return len(must[[]AuditEntry](t)(open(t, s.URL).Audit(ctx, 10))) >= 3 })
	refused(t, rdb,
		[]any{"SET", keyLock("m1"), "{}"},
		[]any{"DEL", keySessions},
		[]any{"KEYS", "*"}, []any{"FLUSHALL"}, []any{"CONFIG", "GET", "*"},
	)
}

func TestACLOfAFleetsOperator(t *testing.T) {
	s := redistest.Start(t)
	c, rdb := aclUser(t, s, "fleet")
	ctx := testContext(t)
	if err := open(t, s.URL).PutReport(ctx, report("north"), time.Minute); err != nil {
		t.Fatal(err)
	}
	var last FleetApply
	for v := range uint64(fleetHistory + 2) {
		last = apply(t, c, v+1, &fleet.Rollout{Canaries: 1}, "info", fleet.Defaults)
	}
	must[[]FleetApply](t)(c.FleetHistory(ctx, 10))
	must[map[fleet.Scope]fleet.Envelope](t)(c.FleetBefore(ctx, last))
	must[map[fleet.Scope]fleet.Stored](t)(c.ReadWholeFleet(ctx))
	must[FleetRollout](t)(c.ReadRollout(ctx, last.Version))
	if all := must[[]fleet.Sighting](t)(c.Reports(ctx)); len(all) != 1 || !all[0].Live {
		t.Errorf("%+v", all)
	}
	if !must[bool](t)(c.ForgetReport(ctx, "north")) {
		t.Error("north was not known")
	}
	answering(t, open(t, s.URL), "north")
	must[fleet.Answer](t)(c.Ask(ctx, "north", fleet.Parrot))
	refused(t, rdb,
		[]any{"HSET", keyReport("north"), "report", "{}"},
		[]any{"SMEMBERS", keyRights("north")},
		[]any{"SET", keyLock("gates"), "{}"},
		[]any{"KEYS", "*"}, []any{"FLUSHALL"}, []any{"CONFIG", "GET", "*"},
	)
}
