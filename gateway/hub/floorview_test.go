package hub

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

func at(ms int) time.Time { return time.UnixMilli(int64(ms)) }

func view(readAt int, ttl time.Duration, user string, epoch uint64) redis.FloorView {
	v := redis.FloorView{Known: true, ReadAt: at(readAt), TTL: ttl}
	if user != "" {
		v.Holder = &redis.Holder{UserID: user, Epoch: epoch}
	}
	return v
}

func (v *floorView) user(now time.Time) string {
	if h := v.holderAt(now); h != nil {
		return h.UserID
	}
	return ""
}

func TestFloorViewRunsOut(t *testing.T) {
	for _, tc := range []struct {
		name string
		ttl  time.Duration
		last int // ms after the reading was sent
	}{
		{"with the lock", 300 * time.Millisecond, 299},
		{"with the lease", 30 * time.Second, 999},
		{"a lock without end", -1, 999},
	} {
		v := floorView{lease: time.Second}
		if err := v.see(view(0, tc.ttl, "a", 1)); err != nil {
			t.Fatal(err)
		}
		if v.user(at(tc.last)) != "a" || v.user(at(tc.last+1)) != "" {
			t.Errorf("%s: holder %q at %d ms, %q after", tc.name, v.user(at(tc.last)), tc.last, v.user(at(tc.last+1)))
		}
	}
}

func TestFloorViewNeverGoesBack(t *testing.T) {
	v := floorView{lease: time.Second}
	_ = v.see(view(10, time.Second, "a", 5))
	if err := v.see(view(5, time.Second, "b", 9)); err != nil || v.user(at(11)) != "a" {
		t.Errorf("a late reading counts: %v, %q", err, v.user(at(11)))
	}
	if err := v.see(view(20, time.Second, "b", 4)); err == nil || v.user(at(21)) != "" {
		t.Errorf("an epoch overtaken: %v, %q", err, v.user(at(21)))
	}
	if err := v.see(view(30, time.Second, "server", 0)); err != nil || v.user(at(31)) != "server" {
		t.Errorf("a lock without epoch: %v, %q", err, v.user(at(31)))
	}
	if err := v.see(view(40, time.Second, "a", 5)); err != nil || v.user(at(41)) != "a" {
		t.Errorf("the newest epoch: %v, %q", err, v.user(at(41)))
	}
}

// A lock that somebody wrote by hand shuts nobody out for ever.
func TestFloorViewDoesNotBelieveAnyEpoch(t *testing.T) {
	v := floorView{lease: time.Second}
	for _, junk := range []uint64{1 << 63, 1<<53 - 1, uint64((48 * time.Hour).Milliseconds())} {
		_ = v.see(view(10, time.Second, "x", junk))
		if err := v.see(view(20, time.Second, "a", 5)); err != nil || v.user(at(21)) != "a" {
			t.Errorf("after epoch %d: %v, %q", junk, err, v.user(at(21)))
		}
		v = floorView{lease: time.Second}
	}
}

func TestFloorViewOutlivesOneFailedReading(t *testing.T) {
	v := floorView{lease: time.Second}
	_ = v.see(view(0, 3*time.Second, "a", 1))
	_ = v.see(redis.FloorView{ReadAt: at(300)})
	if v.user(at(999)) != "a" || !v.knownAt(at(999)) {
		t.Error("forgotten before the lease has ended")
	}
	if v.user(at(1000)) != "" || v.knownAt(at(1000)) {
		t.Error("relied on after the lease has ended")
	}
}

func TestRightsView(t *testing.T) {
	yes := redis.Rights{Known: true, Channels: []string{"ops"}}
	no, banned, unknown := redis.Rights{Known: true}, redis.Rights{Known: true, Channels: []string{"ops"}, Banned: true}, redis.Rights{}
	floor := at(5000)
	var v rightsView
	see := func(r redis.Rights, ms int) { v.see(r, "ops", at(ms), time.Second) }
	if !v.mayTalkUntil(floor).IsZero() {
		t.Error("may talk before anything is known")
	}
	see(yes, 0)
	if v.mayTalkUntil(floor) != floor {
		t.Error("may not talk with rights")
	}
	see(unknown, 100)
	if got := v.mayTalkUntil(floor); got != at(1000) {
		t.Errorf("unknown rights hold until %v, want a lease after they were read", got)
	}
	see(no, 200)
	if !v.mayTalkUntil(floor).IsZero() {
		t.Error("may talk without rights")
	}
	see(yes, 150)
	if !v.mayTalkUntil(floor).IsZero() {
		t.Error("a reading from before the withdrawal counts")
	}
	see(banned, 300)
	if !v.mayTalkUntil(floor).IsZero() {
		t.Error("may talk while banned")
	}
	see(unknown, 400)
	if !v.mayTalkUntil(floor).IsZero() {
		t.Error("may talk once nothing is known any more")
	}
}
