package status

import (
	"log/slog"
	"testing"

	"github.com/talkgate/talkgate/gateway/clock"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/state/floor"
)

// TestOnePartThatStandsStillIsEnough: everything has to move between two signs
// of life, not something.
func TestOnePartThatStandsStillIsEnough(t *testing.T) {
	var counts pulse.Counts
	c := NewHealth("gates", func() pulse.Counts { return counts }, func() string { return "" }, clock.New(slog.New(slog.DiscardHandler)))
	turn := func(but pulse.Part) {
		for _, part := range pulse.Parts() {
			if part != but {
				counts[part]++
			}
		}
	}
	const none pulse.Part = 255
	c.Stalled() // the first look
	for _, part := range pulse.Parts() {
		for range 3 {
			turn(part)
			if got := c.Stalled(); len(got) != 1 || got[0] != part.String() {
				t.Errorf("%v stands still: %v", part, got)
			}
		}
		turn(none)
		if got := c.Stalled(); got != nil {
			t.Errorf("everything moves: %v", got)
		}
	}
}

func TestPortWords(t *testing.T) {
	up := port.Status{Floor: floor.Floor{Link: true, Rights: true}, Redis: true}
	talking, busy := up, up
	talking.Floor.Phase, talking.Holder = floor.Talking, "north"
	busy.Holder = "south"
	waiting, looped := busy, busy
	unguarded := up
	unguarded.Unguarded = true
	looped.Looped = true
	waiting.Floor.Phase, waiting.Floor.Holder, waiting.Floor.Place = floor.Waiting, "South gate", 2
	for _, tc := range []struct {
		status port.Status
		clock  bool
		want   string
	}{
		{up, true, "on air on channel gates"},
		{talking, true, "on air on channel gates, talking"},
		{busy, true, "on air on channel gates, in use by south"},
		{looped, true, "on air on channel gates, but for its radio: what the channel says comes back by it, in use by south"},
		{unguarded, true, "on air on channel gates, without a guard"},
		{waiting, true, "on air on channel gates, the channel is in use by South gate; number 2 in the queue"},
		{up, false, "on channel gates, waiting for the right time"},
		{port.Status{}, true, "on channel gates, waiting for Redis, the link, talk rights"},
	} {
		if got := portWords(tc.status, "gates", tc.clock); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}
