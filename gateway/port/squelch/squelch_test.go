package squelch

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSquelch plays edges, "+100" opens at 100 ms and "-200" closes, "k300" keys
// the transmitter and "u400" lets go of it, and wants when the squelch begins and
// ceases to ask, and for a beginning from when on.
func TestSquelch(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name, edges, want string
		timing            Timing
	}{
		{"bare", "+100 -200", "on 100 from 100, off 200", Timing{}},
		{"kerchunk", "+100 -250", "", Timing{OpenDelay: 200 * ms}},
		{"open delay keeps the syllable", "+100 -900", "on 300 from 100, off 900", Timing{OpenDelay: 200 * ms}},
		{"hang", "+100 -200 +450 -600", "on 100 from 100, off 900", Timing{Hang: 300 * ms}},
		{"hang is over", "+100 -200 +550 -600", "on 100 from 100, off 500, on 550 from 550, off 900", Timing{Hang: 300 * ms}},
		{"chatter", "+0 -50 +100 -150 +200 -250 +300 -350 +1000 -3000 +3100 -3150",
			"on 0 from 0, off 50, on 100 from 100, off 150, on 1500 from 1000, off 3000, on 3100 from 3100, off 3150",
			Timing{Chatter: 2, ChatterTime: 500 * ms}},
		{"chatter is not kept alive by the hang", "+0 -50 +100 -150 +200 -250 +300 -350 +400 -450",
			"on 0 from 0, off 150", Timing{Chatter: 2, ChatterTime: 500 * ms, Hang: 300 * ms}},
		{"speech in between is no chatter", "+0 -50 +100 -900 +1000 -1050 +1100 -1900",
			"on 0 from 0, off 50, on 100 from 100, off 900, on 1000 from 1000, off 1050, on 1100 from 1100, off 1900",
			Timing{Chatter: 2, ChatterTime: 500 * ms}},
		{"deaf while keyed", "k0 +100 -200 u300 +350 -1000", "on 500 from 500, off 1000", Timing{Deaf: 200 * ms}},
		{"keyed while open", "+100 k200 u400 -500", "on 100 from 100, off 200, on 400 from 400, off 500", Timing{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(tt.timing)
			var said []string
			asked := false
			check := func(now time.Duration) {
				if on := s.Asks(); on != asked {
					asked = on
					word := fmt.Sprintf("off %d", now/ms)
					if on {
						word = fmt.Sprintf("on %d from %d", now/ms, s.opened/ms)
					}
					said = append(said, word)
				}
			}
			steps := append(strings.Fields(tt.edges), "end")
			for _, step := range steps {
				at := time.Hour
				if step != "end" {
					n, err := strconv.Atoi(step[1:])
					if err != nil {
						t.Fatal(err)
					}
					at = time.Duration(n) * ms
				}
				for wake, ok := s.Wake(); ok && wake <= at; wake, ok = s.Wake() {
					s.Tick(wake)
					check(wake)
				}
				switch step[0] {
				case '+', '-':
					s.Edge(step[0] == '+', at)
					s.Tick(at)
				case 'k', 'u':
					s.Transmit(step[0] == 'k', at)
				}
				check(at)
			}
			if got := strings.Join(said, ", "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
