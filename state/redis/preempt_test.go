package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestPreemption(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "talker", "m1")
		member(t, rdb, "asker", "m1")
		roles := []Role{"", RoleUser, RoleGeneral, RoleAdmin, RoleDispatch}
		for _, holds := range roles {
			for _, asks := range roles {
				t.Run(fmt.Sprintf("%s-over-%s", asks, holds), func(t *testing.T) {
					rdb.Del(ctx, keyLock("m1"))
					a, b := claim("m1", "talker"), claim("m1", "asker")
					a.Role, b.Role = holds, asks
					first := redistest.Must[Decision](t)(c.Acquire(ctx, a))
					d := redistest.Must[Decision](t)(c.Acquire(ctx, b))
					st := redistest.Must[Renewal](t)(c.Renew(ctx, a))
					if asks == RoleDispatch && (holds == RoleUser || holds == RoleGeneral) {
						if d.Verdict != Granted || d.Epoch <= first.Epoch || d.Preempted == nil || d.Preempted.Token != a.Token {
							t.Errorf("dispatcher got %+v", d)
						}
						if st.State != Lost || st.Holder == nil || st.Holder.UserID != "asker" || st.Holder.Role != RoleDispatch {
							t.Errorf("the pre-empted stands as %+v", st)
						}
						if redistest.Must[bool](t)(c.Release(ctx, a)) {
							t.Error("the pre-empted released the dispatcher's lock")
						}
						return
					}
					if d.Verdict != Busy || d.Holder.UserID != "talker" || st.State != Held {
						t.Errorf("%+v, holder stands as %+v", d, st)
					}
				})
			}
		}
	})
}

// A server's lock tells no role, and its holder would talk on unheard of.
func TestServersLockIsNotPreempted(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		rdb.Set(ctx, keyLock("m1"), `{"userId":"u2","userName":"Name u2","timestamp":1795398687760}`, 30*time.Second)
		cl := claim("m1", "u1")
		cl.Role = RoleDispatch
		d := redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		if d.Verdict != Busy || d.Holder.UserID != "u2" || d.Holder.UserName != "Name u2" || d.Holder.Since.UnixMilli() != 1795398687760 {
			t.Errorf("%+v", d)
		}
	})
}
