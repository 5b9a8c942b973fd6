package inputs

import (
	"slices"
	"testing"
	"time"
)

// TestHoldButton: a button that is held for its time counts once, and not again before it
// was let go.
func TestHoldButton(t *testing.T) {
	const ms = time.Millisecond
	type edge struct {
		held bool
		at   time.Duration
	}
	for name, test := range map[string]struct {
		edges []edge
		want  []time.Duration
	}{
		"too short":      {[]edge{{true, 0}, {false, 1999 * ms}}, nil},
		"held":           {[]edge{{true, 0}}, []time.Duration{2000 * ms}},
		"reported late":  {[]edge{{true, 0}, {false, 2000 * ms}}, []time.Duration{2000 * ms}},
		"twice short":    {[]edge{{true, 0}, {false, 1500 * ms}, {true, 1600 * ms}, {false, 3100 * ms}}, nil},
		"held for long":  {[]edge{{true, 0}, {false, 9000 * ms}}, []time.Duration{2000 * ms}},
		"twice":          {[]edge{{true, 0}, {false, 2500 * ms}, {true, 3000 * ms}}, []time.Duration{2000 * ms, 5000 * ms}},
		"not let go yet": {[]edge{{true, 0}, {true, 2500 * ms}}, []time.Duration{2000 * ms, 4500 * ms}},
	} {
		t.Run(name, func(t *testing.T) {
			b := holdButton{hold: 2 * time.Second}
			var counted []time.Duration
			edges := test.edges
			for now := time.Duration(0); now < 10*time.Second; now += ms {
				if at, ok := b.wake(); ok && now >= at && (len(edges) == 0 || edges[0].at > now) && b.tick(now) {
					counted = append(counted, now)
				}
				if len(edges) > 0 && edges[0].at == now {
					if b.edge(edges[0].held, now) {
						counted = append(counted, now)
					}
					edges = edges[1:]
				}
			}
			if !slices.Equal(counted, test.want) {
				t.Errorf("it counted at %v, want %v", counted, test.want)
			}
		})
	}
}
