package contact

import (
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

type change struct {
	active bool
	at     time.Duration
}

// through sends edges through f and lets everything settle, with Settle called
// when it is due, as a driver does.
func through(f *Filter, edges []change) (out []change, emitted []time.Duration) {
	emit := func(level bool, when time.Duration, ok bool, now time.Duration) {
		if ok {
			out = append(out, change{level, when})
			emitted = append(emitted, now)
		}
	}
	settle := func(until time.Duration) {
		for {
			due, ok := f.Due()
			if !ok || due > until {
				return
			}
			level, when, ok := f.Settle(due)
			emit(level, when, ok, due)
			if !ok {
				return
			}
		}
	}
	for _, e := range edges {
		settle(e.at)
		level, when, ok := f.Edge(e.active, e.at)
		emit(level, when, ok, e.at)
	}
	settle(1 << 62)
	return out, emitted
}

func TestFilter(t *testing.T) {
	bounce := func(active bool, at time.Duration) []change {
		return []change{{active, at}, {!active, at + ms/2}, {active, at + ms}, {!active, at + 3*ms/2}, {active, at + 4*ms}}
	}
	tests := []struct {
		name             string
		debounce, glitch time.Duration
		in, want         []change
		emitted          []time.Duration // nil: at the time of the change
	}{
		{"no filter", 0, 0,
			[]change{{true, 1 * ms}, {false, 2 * ms}},
			[]change{{true, 1 * ms}, {false, 2 * ms}}, nil},
		{"the first edge counts at once, its bounce does not", 10 * ms, 0,
			slices.Concat(bounce(true, 100*ms), bounce(false, 200*ms)),
			[]change{{true, 100 * ms}, {false, 200 * ms}}, nil},
		{"a tap shorter than the debounce time is not lost", 10 * ms, 0,
			[]change{{true, 100 * ms}, {false, 103 * ms}},
			[]change{{true, 100 * ms}, {false, 103 * ms}}, []time.Duration{100 * ms, 110 * ms}},
		{"bounce that ends where it began", 10 * ms, 0,
			[]change{{true, 100 * ms}, {false, 101 * ms}, {true, 102 * ms}},
			[]change{{true, 100 * ms}}, nil},
		{"a glitch is not seen", 0, 5 * ms,
			[]change{{true, 100 * ms}, {false, 104 * ms}, {true, 200 * ms}, {false, 201 * ms}},
			nil, nil},
		{"a level that lasts counts from its first instant", 0, 5 * ms,
			[]change{{true, 100 * ms}, {false, 300 * ms}},
			[]change{{true, 100 * ms}, {false, 300 * ms}}, []time.Duration{105 * ms, 305 * ms}},
		{"noise before a press does not delay it twice", 10 * ms, 5 * ms,
			[]change{{true, 90 * ms}, {false, 91 * ms}, {true, 100 * ms}},
			[]change{{true, 100 * ms}}, []time.Duration{105 * ms}},
		{"an edge that repeats the level changes nothing", 10 * ms, 0,
			[]change{{false, 1 * ms}, {true, 2 * ms}, {true, 50 * ms}},
			[]change{{true, 2 * ms}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, emitted := through(&Filter{Debounce: tt.debounce, Glitch: tt.glitch}, tt.in)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			want := tt.emitted
			if want == nil {
				for _, c := range tt.want {
					want = append(want, c.at)
				}
			}
			if !slices.Equal(emitted, want) {
				t.Errorf("passed on at %v, want %v", emitted, want)
			}
		})
	}
}

func TestFilterStartsAtTheLevelOfTheLine(t *testing.T) {
	f := Filter{Debounce: 10 * ms}
	f.Start(true)
	got, _ := through(&f, []change{{false, ms}})
	if want := []change{{false, ms}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// FuzzFilter: whatever a line does, levels alternate, times do not go back, and
// in the end the level passed on is that of the line.
func FuzzFilter(f *testing.F) {
	f.Add(uint8(10), uint8(0), []byte{1, 5, 1, 200, 3})
	f.Add(uint8(10), uint8(5), []byte{1, 1, 1, 1, 50, 50, 7})
	f.Fuzz(func(t *testing.T, debounce, glitch uint8, steps []byte) {
		filter := Filter{Debounce: time.Duration(debounce) * ms, Glitch: time.Duration(glitch) * ms}
		var in []change
		at, active := time.Duration(0), false
		for _, s := range steps {
			at += time.Duration(s>>1) * ms
			active = active != (s&1 == 1)
			in = append(in, change{active, at})
		}
		out, emitted := through(&filter, in)
		level, last := false, time.Duration(0)
		for i, c := range out {
			if c.active == level {
				t.Fatalf("edge %d repeats %v: %v of %v", i, level, out, in)
			}
			if c.at < last || emitted[i] < c.at {
				t.Fatalf("edge %d goes back: %v at %v of %v", i, out, emitted, in)
			}
			level, last = c.active, c.at
		}
		if level != active {
			t.Fatalf("the line ends %v, the filter %v: %v of %v", active, level, out, in)
		}
	})
}
