package guard

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

func TestMeasuresGrowAndEnd(t *testing.T) {
	now := time.Now()
	var p *penalty
	for i, want := range []measure{muted, unpublished, removed, removed} {
		if p = p.next(now, "s1", false); p.at(now) != want {
			t.Errorf("measure %d is %v, want %v", i, p.at(now), want)
		}
	}
	if p.at(now.Add(penaltyTime)) != none || p.next(now.Add(penaltyTime), "s1", false).measure != muted {
		t.Error("a penalty does not end")
	}
	p = (&penalty{}).next(now, "s1", false).next(now, "s1", false)
	if p.inSession(now, "s1") != unpublished || p.inSession(now, "s2") != removed {
		t.Error("coming back gives the permission back")
	}
}

func TestPermissionsFollowRights(t *testing.T) {
	member := func(publish, subscribe bool, taken string) room.Participant {
		return room.Participant{Permission: map[string]any{canPublish: publish, canSubscribe: subscribe, "can_publish_data": true},
			Attributes: map[string]string{takenAttribute: taken}}
	}
	for _, tc := range []struct {
		name            string
		m               room.Participant
		publish, listen bool
		want            [2]bool
		taken           string
		nothing         bool
	}{
		{"with rights", member(true, true, ""), true, true, [2]bool{}, "", true},
		{"rights lost", member(true, true, ""), false, false, [2]bool{false, false}, "can_publish can_subscribe", false},
		{"lost already", member(false, false, "can_publish can_subscribe"), false, false, [2]bool{}, "", true},
		{"rights back", member(false, false, "can_publish can_subscribe"), true, true, [2]bool{true, true}, "", false},
		{"a listener by its token", member(false, true, ""), true, true, [2]bool{}, "", true},
		{"a listener's rights lost", member(false, true, ""), false, false, [2]bool{false, false}, "can_subscribe", false},
		{"a listener's rights back", member(false, false, "can_subscribe"), true, true, [2]bool{false, true}, "", false},
		{"may not publish for a while", member(true, true, ""), false, true, [2]bool{false, true}, "can_publish", false},
	} {
		permission, attributes, _ := adjust(tc.m, tc.publish, tc.listen, false)
		if (permission == nil) != tc.nothing {
			t.Errorf("%s: %v", tc.name, permission)
		} else if !tc.nothing && (permission[canPublish] != tc.want[0] || permission[canSubscribe] != tc.want[1] ||
			attributes[takenAttribute] != tc.taken || permission["can_publish_data"] != true) {
			t.Errorf("%s: %v, %v", tc.name, permission, attributes)
		}
	}
}

func TestGuardsShareWhetherRedisAnswers(t *testing.T) {
	now := time.Now()
	guards := func(value string) []room.Participant {
		hidden := map[string]any{"hidden": true, canPublish: false}
		return []room.Participant{
			{Identity: identityPrefix + "a", Permission: hidden, Attributes: viewValue(1)},
			{Identity: identityPrefix + "b", Permission: hidden, Attributes: map[string]string{viewAttribute: value}},
			// A member cannot pass for a guard.
			{Identity: identityPrefix + "c", Permission: map[string]any{canPublish: true}, Attributes: map[string]string{viewAttribute: value}},
		}
	}
	s := redisView{self: identityPrefix + "a", others: make(map[string]*otherGuard)}
	s.observe(guards("1"), now)
	if !s.knownToAnother(now) || len(s.others) != 1 {
		t.Errorf("another guard is not seen: %v", s.others)
	}
	s.observe(guards("1"), now.Add(2*time.Second))
	s.observe(guards("2"), now.Add(2400*time.Millisecond))
	if !s.knownToAnother(now.Add(4 * time.Second)) {
		t.Error("a guard that counts up does not see")
	}
	s.observe(guards("2"), now.Add(10*time.Second))
	if s.knownToAnother(now.Add(10 * time.Second)) {
		t.Error("a guard that stands still knows")
	}
	if s.observe(nil, now); s.knownToAnother(now) || len(s.others) != 0 {
		t.Error("a guard that went knows")
	}
	if s.answered = now; !s.known(now.Add(knownFor-1)) || s.known(now.Add(knownFor)) {
		t.Error("what the guard knows has no end")
	}
}
