package guard

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// sends lets who send n packets, 20 ms apart, and counts those that offend.
func sends(w *watch, who string, now *time.Time, n int) (offences int) {
	for range n {
		*now = now.Add(20 * time.Millisecond)
		if w.sent(who, *now) {
			offences++
		}
	}
	return offences
}

func TestWhoSendsWithoutTheFloorOffends(t *testing.T) {
	now := time.Now()
	held := func(w *watch, who string) {
		v := redis.FloorView{Known: true, ReadAt: now, TTL: -1}
		if who != "" {
			v.Holder = &redis.Holder{UserID: who}
		}
		_ = w.apply(v)
	}
	for _, tc := range []struct {
		name string
		do   func(w *watch) int
		want bool
	}{
		{"the holder", func(w *watch) int { held(w, "a"); return sends(w, "a", &now, 90) }, false},
		{"another", func(w *watch) int { held(w, "a"); return sends(w, "b", &now, 30) }, true},
		{"when nobody has it", func(w *watch) int { held(w, ""); return sends(w, "a", &now, 30) }, true},
		{"when nobody knows", func(w *watch) int { return sends(w, "a", &now, 30) }, true},
		{"before and after the news", func(w *watch) int {
			n := sends(w, "a", &now, allowance-1)
			held(w, "a")
			n += sends(w, "a", &now, 50)
			held(w, "")
			return n + sends(w, "a", &now, allowance-1)
		}, false},
		{"once Redis is silent", func(w *watch) int { held(w, "a"); return sends(w, "a", &now, int(viewLease/(20*time.Millisecond))+30) }, true},
		{"by little and little", func(w *watch) int {
			n := 0
			for range 20 {
				now = now.Add(200 * time.Millisecond)
				n += sends(w, "a", &now, 5)
			}
			return n
		}, true},
	} {
		if got := tc.do(newWatch()); (got > 0) != tc.want {
			t.Errorf("%s: %d offences", tc.name, got)
		}
	}
}

func TestAWatchForgetsWhoWent(t *testing.T) {
	w, now := newWatch(), time.Now()
	sends(w, "a", &now, 1)
	sends(w, "b", &now, 1)
	w.forget(map[string]bool{"b": true})
	if len(w.credit) != 1 || w.credit["b"] == nil {
		t.Errorf("%d are remembered", len(w.credit))
	}
}

func TestAnOvertakenTalkerOffends(t *testing.T) {
	now := time.Now()
	w := newWatch()
	hold := func(who string, epoch uint64) error {
		return w.apply(redis.FloorView{Known: true, ReadAt: now, TTL: -1, Holder: &redis.Holder{UserID: who, Epoch: epoch}})
	}
	if err := hold("b", 9); err != nil || sends(w, "b", &now, 30) > 0 {
		t.Errorf("the newest grant offends: %v", err)
	}
	if err := hold("a", 8); err == nil || sends(w, "a", &now, 30) == 0 {
		t.Errorf("an overtaken grant may send: %v", err)
	}
}
