package channel

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

func at(ms int) time.Time { return time.UnixMilli(int64(ms)) }

func TestRightsView(t *testing.T) {
	yes := redis.Rights{Known: true, Channels: []string{"ops"}}
	no, banned, unknown := redis.Rights{Known: true}, redis.Rights{Known: true, Channels: []string{"ops"}, Banned: true}, redis.Rights{}
	floor := at(5000)
	var v rightsView
	see := func(r redis.Rights, ms int) { v.apply(r, "ops", at(ms), time.Second) }
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
