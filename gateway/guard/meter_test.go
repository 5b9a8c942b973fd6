package guard

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// Packets of 20 and 120 ms: CELT, one frame and six (RFC 6716 section 3.1).
var (
	packet20  = []byte{0xF8, 0xFF, 0xFE}
	packet120 = []byte{0xFB, 0x06, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
)

// sends has who send n packets of 20 ms, and counts those that are too much.
func sends(m *meter, who string, now *time.Time, n int) (tooMuch int) {
	for range n {
		*now = now.Add(20 * time.Millisecond)
		if m.sent(who, packet20, *now) {
			tooMuch++
		}
	}
	return tooMuch
}

func hold(m *meter, who string, epoch uint64, at time.Time) error {
	v := redis.FloorView{Known: true, ReadAt: at, TTL: -1}
	if who != "" {
		v.Holder = &redis.Holder{UserID: who, Epoch: epoch}
	}
	return m.apply(v)
}

func TestSpeechWithoutTheFloorIsMeasured(t *testing.T) {
	now := time.Now()
	const within = int(allowance / (20 * time.Millisecond))
	held := func(m *meter, who string) { _ = hold(m, who, 0, now) }
	for _, tc := range []struct {
		name string
		do   func(m *meter) int
		want bool
	}{
		{"the holder", func(m *meter) int { held(m, "a"); return sends(m, "a", &now, 90) }, false},
		{"another", func(m *meter) int { held(m, "a"); return sends(m, "b", &now, within+1) }, true},
		{"when nobody has it", func(m *meter) int { held(m, ""); return sends(m, "a", &now, within+1) }, true},
		{"when nobody knows", func(m *meter) int { return sends(m, "a", &now, within+1) }, true},
		{"within the allowance", func(m *meter) int { return sends(m, "a", &now, within) }, false},
		{"before the news", func(m *meter) int {
			n := sends(m, "a", &now, within)
			held(m, "a")
			return n + sends(m, "a", &now, 50)
		}, false},
		{"once Redis is silent", func(m *meter) int {
			held(m, "a")
			return sends(m, "a", &now, int(viewLease/(20*time.Millisecond))+within+2)
		}, true},
		{"by little and little", func(m *meter) int {
			n := 0
			for range 5 {
				now = now.Add(10 * time.Second)
				n += sends(m, "a", &now, 2)
			}
			return n
		}, true},
		{"a little each minute", func(m *meter) int {
			n := 0
			for range 5 {
				now = now.Add(61 * time.Second)
				n += sends(m, "a", &now, within)
			}
			return n
		}, false},
		{"long packets are measured by their length", func(m *meter) int {
			if m.sent("a", packet120, now) {
				return 1
			}
			return 0
		}, true},
		{"who was stopped has no allowance", func(m *meter) int {
			m.restrict("a", now.Add(50*time.Millisecond))
			if sends(m, "a", &now, 2) != 0 {
				t.Error("packets in flight are held against their sender")
			}
			return sends(m, "a", &now, 1)
		}, true},
		{"but may talk with the floor", func(m *meter) int {
			m.restrict("a", now)
			held(m, "a")
			return sends(m, "a", &now, 50)
		}, false},
	} {
		if got := tc.do(newMeter()); (got > 0) != tc.want {
			t.Errorf("%s: %d packets were too much", tc.name, got)
		}
	}
}

func TestTheLastPacketsOfAFloorAreAllowed(t *testing.T) {
	m, now := newMeter(), time.Now()
	_ = hold(m, "a", 0, now)
	sends(m, "a", &now, 5)
	now = time.Now()
	_ = hold(m, "", 0, now)
	if n := sends(m, "a", &now, int((hangover+allowance)/(20*time.Millisecond))-1); n != 0 {
		t.Errorf("%d of the last packets were too much", n)
	}
	if n := sends(m, "a", &now, 3); n == 0 {
		t.Error("a floor that was handed back does not end")
	}
}

func TestAMeterForgetsMembersWhoWent(t *testing.T) {
	m, now := newMeter(), time.Now()
	sends(m, "a", &now, 1)
	sends(m, "b", &now, 1)
	if m.forget(map[string]bool{"b": true}, now); len(m.speech) != 2 {
		t.Error("speech is forgotten by leaving")
	}
	if m.forget(map[string]bool{"b": true}, now.Add(2*period)); len(m.speech) != 1 || m.speech["b"] == nil {
		t.Errorf("%d are remembered", len(m.speech))
	}
}

func TestAnOvertakenTalkerHasNoFloor(t *testing.T) {
	m, now := newMeter(), time.Now()
	if err := hold(m, "b", 9, now); err != nil || sends(m, "b", &now, 30) > 0 {
		t.Errorf("the newest grant is stopped: %v", err)
	}
	if err := hold(m, "a", 8, now); err == nil || sends(m, "a", &now, 30) == 0 {
		t.Errorf("an overtaken grant may send: %v", err)
	}
}
