package selector

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

// play sends edges, each a line's letter, capital for active, to a kind of three
// channels and returns the positions after each.
func play(t *testing.T, name, levels string, last int, edges string) string {
	t.Helper()
	k, err := New(name, 3)
	if err != nil {
		t.Fatal(err)
	}
	start := make([]bool, k.Lines())
	for i := range start {
		start[i] = strings.Contains(levels, string(rune('A'+i)))
	}
	out := fmt.Sprint(k.Start(start, last), ":")
	for _, e := range edges {
		line := int(e - 'a')
		if e < 'a' {
			line = int(e - 'A')
		}
		out += fmt.Sprint(" ", k.See(line, e < 'a'))
	}
	return out
}

func TestKinds(t *testing.T) {
	for _, tc := range []struct {
		name, kind, levels string
		last               int
		edges, want        string
	}{
		{"up, twice, over the end, and down", "buttons", "", 0, "AaAaAaBb", "0: 1 1 2 2 0 0 2 2"},
		{"a button held at start does not count, and both at once go both ways", "buttons", "A", 1, "aAB", "1: 1 2 1"},
		{"what was last is not there any more", "buttons", "", 7, "A", "2: 0"},
		{"one detent clockwise, one back", "rotary", "", 0, "ABabBAba", "0: 0 0 0 1 1 1 1 0"},
		{"detents at which both are active", "rotary", "AB", 2, "abAB", "2: 2 2 2 0"},
		{"each contact bounces", "rotary", "", 0, "AaAaABbBaAabBb", "0: 0 0 0 0 0 0 0 0 0 0 0 1 1 1"},
		{"half-way and back", "rotary", "", 1, "ABba", "1: 1 1 1 1"},
		{"the number of the channel", "bcd", "B", 0, "ACa", "1: 2 -1 -1"},
		{"a plug that is out", "bcd", "", 2, "AaD", "-1: 0 -1 -1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := play(t, tc.kind, tc.levels, tc.last, tc.edges); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// FuzzRotary: whatever the lines do, no detent counts that four edges in a row did
// not make, and a contact alone never counts.
func FuzzRotary(f *testing.F) {
	f.Add([]byte{2, 3, 0, 1}, true)
	f.Add([]byte{2, 0, 2, 0, 2, 3, 2, 3, 0, 1, 0, 1}, false)
	f.Fuzz(func(t *testing.T, edges []byte, rest bool) {
		const channels = 1 << 20 // a turn is never mistaken for one the other way
		k, err := New("rotary", channels)
		if err != nil {
			t.Fatal(err)
		}
		const middle = channels / 2
		at, moves, since := k.Start([]bool{rest, rest}, middle), 0, 0
		both := map[int]bool{}
		for _, e := range edges {
			line := int(e & 1)
			both[line] = true
			since++
			now := k.See(line, e&2 != 0)
			if d := now - at; d != 0 {
				if d != 1 && d != -1 {
					t.Fatalf("one edge turned by %d", d)
				}
				if since < 4 || len(both) < 2 {
					t.Fatalf("a detent after %d edges", since)
				}
				moves++
				since = 0
			}
			at = now
		}
		if moves > len(edges)/4 {
			t.Fatalf("%d detents of %d edges", moves, len(edges))
		}
	})
}

func FuzzBCD(f *testing.F) {
	f.Add([]byte{4, 1, 6}, 3)
	f.Fuzz(func(t *testing.T, edges []byte, channels int) {
		channels = 1 + max(channels, -channels)%20
		k, _ := New("bcd", channels)
		if at := k.Start(make([]bool, 4), 0); at != Nowhere {
			t.Fatalf("at %d without a line", at)
		}
		for _, e := range edges {
			if at := k.See(int(e&3), e&4 != 0); at < Nowhere || at >= channels {
				t.Fatalf("position %d of %d", at, channels)
			}
		}
	})
}

// TestFollow: a knob is left at once, and rests once it has stayed.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := sim.NewInput("up"), sim.NewInput("down")
		k, _ := New("buttons", 3)
		s, err := Open(k, []hal.Input{up, down}, 0, 300*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		began := time.Now()
		note := func(what string) {
			said = append(said, fmt.Sprintf("%v %s", time.Since(began).Milliseconds(), what))
		}
		done := make(chan error)
		go func() {
			done <- s.Follow(t.Context(), func() { note("left") }, func(p int) { note(fmt.Sprint(p)) }, func() {})
		}()
		tap := func(in *sim.Input, after time.Duration) {
			time.Sleep(after)
			in.Set(true)
			in.Set(false)
		}
		tap(up, 100*time.Millisecond)
		tap(up, 200*time.Millisecond)
		tap(up, time.Second)
		tap(down, 100*time.Millisecond) // and back: it comes to rest where it was
		time.Sleep(time.Second)
		up.Unplug()
		if err := <-done; err == nil {
			t.Error("a line that is gone is no error")
		}
		want := []string{"100 left", "600 2", "1300 left", "1700 2", "2400 left"}
		if !slices.Equal(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	})
}

// TestEdgesOfSeveralLinesInOrder: a knob that was turned while nobody looked has turned
// that way, whichever line is read first.
func TestEdgesOfSeveralLinesInOrder(t *testing.T) {
	for _, tc := range []struct {
		steps []int
		want  int
	}{{[]int{0, 1, 0, 1}, 1}, {[]int{1, 0, 1, 0}, 2}, {[]int{0, 1, 0, 1, 0, 1, 0, 1}, 2}} {
		for range 20 { // select takes lines by chance
			synctest.Test(t, func(t *testing.T) {
				a, b := sim.NewInput("a"), sim.NewInput("b")
				k, _ := New("rotary", 3)
				s, err := Open(k, []hal.Input{a, b}, 0, 300*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range tc.steps {
					in := []*sim.Input{a, b}[line]
					active, _ := in.Active()
					time.Sleep(time.Millisecond)
					in.Set(!active)
				}
				ctx, cancel := context.WithCancel(t.Context())
				got := -2
				_ = s.Follow(ctx, func() {}, func(p int) { got = p; cancel() }, func() {})
				if got != tc.want {
					t.Errorf("steps %v come to rest at %d, want %d", tc.steps, got, tc.want)
				}
			})
		}
	}
}
