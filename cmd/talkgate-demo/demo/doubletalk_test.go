package demo

import (
	"testing"
	"time"
)

func TestDoubleTalkIsCountedAtTheWireAndAtTheEar(t *testing.T) {
	start := time.Now()
	spurt := func(print uint64, from, n int) []packet {
		var s []packet
		for k := range n {
			at := start.Add(time.Duration(from+20*k) * time.Millisecond)
			s = append(s, packet{began: at, ended: at, first: k == 0, print: print + uint64(k)})
		}
		return s
	}
	join := func(parts ...[]packet) (all []packet) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []struct {
		name        string
		a, b, heard []packet
		want        int
	}{
		{"in turn", join(spurt(100, 0, 5), spurt(200, 400, 5)), spurt(300, 200, 5),
			join(spurt(100, 0, 5), spurt(300, 200, 5), spurt(200, 400, 5)), 0},
		{"hard upon another", spurt(100, 0, 5), spurt(300, 81, 5), nil, 0},
		{"at once", spurt(100, 0, 5), spurt(300, 50, 5), nil, 2 + 2},
		{"one within the other", spurt(100, 0, 10), spurt(300, 50, 1), nil, 1},
		{"late at the ear", spurt(100, 0, 5), spurt(300, 200, 5),
			join(spurt(100, 0, 4), spurt(300, 200, 2), spurt(104, 80, 1), spurt(302, 240, 3)), 1},
		{"silence at the end of two", join(spurt(100, 0, 2), spurt(7, 40, 1), spurt(200, 400, 2), spurt(7, 440, 1)), nil,
			join(spurt(100, 0, 2), spurt(7, 40, 1), spurt(200, 400, 2), spurt(7, 440, 1)), 0},
		{"unknown at the ear", spurt(100, 0, 5), nil, join(spurt(100, 0, 2), spurt(999, 0, 2), spurt(102, 0, 3)), 0},
	} {
		if got := doubleTalk(c.a, c.b, c.heard); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
