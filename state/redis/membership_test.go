package redis

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestRightsAreWrittenAndPublishedAsTheControlPlaneDoes(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		redistest.Must[int64](t)(rdb.HSet(ctx, keyChannelEvents, "m2", "e1").Result())
		sub := rdb.Subscribe(ctx, MembershipUpdates, topicRights("u1"))
		defer sub.Close()
		redistest.Must[any](t)(sub.Receive(ctx))
		redistest.Must[any](t)(sub.Receive(ctx))

		step := func(name string, change func() ([]string, error), payload string, list ...string) {
			t.Helper()
			if got := redistest.Must[[]string](t)(change()); !slices.Equal(got, list) {
				t.Fatalf("%s returned %q, expected %q", name, got, list)
			}
			for _, topic := range []string{topicRights("u1"), MembershipUpdates} {
				m, err := sub.ReceiveMessage(ctx)
				if err != nil || m.Channel != topic || m.Payload != payload {
					t.Fatalf("%s published %v, %v, expected %s on %s", name, m, err, payload, topic)
				}
			}
			stored := rdb.SMembers(ctx, keyRights("u1")).Val()
			slices.Sort(stored)
			if !slices.Equal(stored, list) {
				t.Fatalf("%s stored %q, expected %q", name, stored, list)
			}
			for _, ch := range []string{"m1", "m2", "m3"} {
				if got, want := rdb.SIsMember(ctx, keyMembers(ch), "u1").Val(), slices.Contains(list, ch); got != want {
					t.Fatalf("%s: u1 in %s is %v, expected %v", name, keyMembers(ch), got, want)
				}
			}
		}
		step("grant", func() ([]string, error) { return c.GrantRights(ctx, "u1", "m1") },
			`{"eventId":"talkgate","userId":"u1","channelIds":["m1"],"action":"set_user_channels"}`, "m1")
		step("grant", func() ([]string, error) { return c.GrantRights(ctx, "u1", "m2", "m1") },
			`{"eventId":"e1","userId":"u1","channelIds":["m1","m2"],"action":"set_user_channels"}`, "m1", "m2")
		step("set", func() ([]string, error) { return c.SetRights(ctx, "u1", "m2", "m3") },
			`{"eventId":"e1","userId":"u1","channelIds":["m2","m3"],"action":"set_user_channels"}`, "m2", "m3")
		step("revoke", func() ([]string, error) { return c.RevokeRights(ctx, "u1", "m3") },
			`{"eventId":"talkgate","userId":"u1","channelIds":["m2"],"action":"set_user_channels"}`, "m2")
		step("set", func() ([]string, error) { return c.SetRights(ctx, "u1") },
			`{"eventId":"e1","userId":"u1","channelIds":[],"action":"set_user_channels"}`)
	})
}

// TestRightsAreWrittenDown: what changed, and who changed it; what did not change is
// no entry, nor is what nobody put a name to.
func TestRightsAreWrittenDown(t *testing.T) {
	s := redistest.Start(t)
	ctx, c := redistest.Context(t), open(t, s.URL)
	redistest.Must[[]string](t)(c.GrantRights(ctx, "u1", "m0"))
	boss := c.By("boss")
	redistest.Must[[]string](t)(boss.GrantRights(ctx, "u1", "m0", "m1"))
	redistest.Must[[]string](t)(boss.RevokeRights(ctx, "u1", "m1", "m9"))
	redistest.Must[[]string](t)(boss.SetRights(ctx, "u1", "m2"))
	var said []string
	redistest.Until(t, "all entries", func() bool {
		said = nil
		for _, e := range redistest.Must[[]AuditEntry](t)(c.Audit(ctx, 10)) {
			said = append(said, fmt.Sprint(e.ActorID, " ", e.Action, " ", e.TargetID, " ", e.Metadata["channel"]))
		}
		return len(said) >= 4
	})
	if want := []string{"boss rights.granted u1 m2", "boss rights.taken u1 m0", "boss rights.taken u1 m1", "boss rights.granted u1 m1"}; !slices.Equal(said, want) {
		t.Errorf("%q, expected %q", said, want)
	}
}

func TestBans(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		redistest.Must[[]string](t)(c.GrantRights(ctx, "u1", "m1"))
		rights := watchRights(t, c, "u1")
		redistest.Await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("m1") })

		redistest.Must[Ban](t)(c.BanUser(ctx, "u1", "boss", "swearing", 0))
		redistest.Await(t, rights, "the ban", func(r Rights) bool { return r.Banned && !r.MayTalk("m1") })
		if score := rdb.ZScore(ctx, keyBanned, "u1").Val(); score != 1<<53-1 {
			t.Errorf("a ban for ever has score %v", score)
		}
		details := rdb.HGetAll(ctx, keyBan("u1")).Val()
		if details["userId"] != "u1" || details["bannedBy"] != "boss" || details["expiresAt"] != "permanent" || details["reason"] != "swearing" || details["bannedAt"] == "" {
			t.Errorf("details %v", details)
		}
		bans := redistest.Must[[]Ban](t)(c.Bans(ctx))
		if len(bans) != 1 || bans[0].UserID != "u1" || bans[0].BannedBy != "boss" || !bans[0].ExpiresAt.IsZero() {
			t.Errorf("bans %+v", bans)
		}
		if !redistest.Must[bool](t)(c.UnbanUser(ctx, "u1", "boss")) {
			t.Error("no ban was found to end")
		}
		redistest.Await(t, rights, "the right to talk again", func(r Rights) bool { return r.MayTalk("m1") })
		if redistest.Must[bool](t)(c.UnbanUser(ctx, "u1", "boss")) {
			t.Error("a ban was ended twice")
		}

		b := redistest.Must[Ban](t)(c.BanUser(ctx, "u2", "boss", "", time.Hour))
		if ttl := rdb.TTL(ctx, keyBan("u2")).Val(); ttl <= 59*time.Minute || ttl > time.Hour+time.Second {
			t.Errorf("details live for %v", ttl)
		}
		bans = redistest.Must[[]Ban](t)(c.Bans(ctx))
		if len(bans) != 1 || !bans[0].ExpiresAt.Equal(b.ExpiresAt) || bans[0].Reason != noReason {
			t.Errorf("bans %+v, expected %+v", bans, b)
		}
		// The two endings may fall into one millisecond, and are one event then.
		if n := rdb.ZCard(ctx, keySecurityEvents).Val(); n < 3 || n > 4 {
			t.Errorf("%d security events, expected 3 or 4", n)
		}
	})
}

func TestBadChangesAreRefused(t *testing.T) {
	c, ctx := open(t, "redis://127.0.0.1:1"), context.Background()
	for name, do := range map[string]func() error{
		"user":     func() error { _, err := c.GrantRights(ctx, "", "m1"); return err },
		"channel":  func() error { _, err := c.GrantRights(ctx, "u1", ""); return err },
		"ban":      func() error { _, err := c.BanUser(ctx, "", "x", "", 0); return err },
		"unnamed":  func() error { _, err := c.BanUser(ctx, "u1", "", "", 0); return err },
		"negative": func() error { _, err := c.BanUser(ctx, "u1", "x", "", -1); return err },
		"event":    func() error { return c.SetChannelEvent(ctx, "m1", "") },
		"session":  func() error { return c.PutSession(ctx, Session{}) },
	} {
		if err := do(); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Log(err)
		}
	}
}
