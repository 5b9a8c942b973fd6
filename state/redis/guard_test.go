package redis

import (
	"testing"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestAGuardIsAliveForItsLease(t *testing.T) {
	s := redistest.Start(t)
	c, ctx := open(t, s.URL), redistest.Context(t)
	if g := redistest.Must[Guards](t)(c.ReadGuards(ctx, "gates")); g.Alive || g.Rooms["gates"] {
		t.Errorf("%+v without a guard", g)
	}
	for _, channel := range []string{"", "gates"} {
		if err := c.KeepGuard(ctx, channel); err != nil {
			t.Fatal(err)
		}
	}
	if g := redistest.Must[Guards](t)(c.ReadGuards(ctx, "gates", "tower")); !g.Alive || !g.Rooms["gates"] || g.Rooms["tower"] {
		t.Errorf("%+v, want a guard in gates alone", g)
	}
	if ttl := redistest.Must[int64](t)(c.conn.Redis.Do(ctx, "PTTL", "talkgate:guard:gates").Int64()); ttl <= 0 || ttl > GuardLease.Milliseconds() {
		t.Errorf("the lease ends in %d ms, want %v at most", ttl, GuardLease)
	}
}
