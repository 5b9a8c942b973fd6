package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/selector"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

// TestEventsKeepTheirOrder selects the channel that the port is on again while its link
// comes up and the actor is busy. What was reported first counts first: the port is on
// air, and says so.
func TestEventsKeepTheirOrder(t *testing.T) {
	for range 40 {
		var (
			lines []*sim.Input
			links [3]slowLink
		)
		synctest.Test(t, func(t *testing.T) {
			w, hold := newWorld(t, time.Millisecond), make(busy)
			w.prepare = func(p *Port) { p.inbox.post(hold) }
			w.adapt = func(o *Options) {
				lines = []*sim.Input{sim.NewInput("up"), sim.NewInput("down")}
				kind, err := selector.New("buttons", len(links))
				if err != nil {
					t.Fatal(err)
				}
				inputs := []hal.Input{lines[0], lines[1]}
				s, err := selector.Open(kind, inputs, 0, 300*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				o.Selector, o.Channels = s, nil
				o.Hardware.Selector, o.Hardware.PTTOut = inputs, nil
				for i, id := range []string{"c1", "c2", "c3"} {
					o.Channels = append(o.Channels, Channel{ID: id, Link: &links[i]})
				}
			}
			w.start()
			for range links { // around, to where it was
				lines[0].Set(true)
				lines[0].Set(false)
				w.pass(time.Millisecond)
			}
			w.pass(600 * time.Millisecond) // the link came up after 80 ms, the selector rests after 300
			close(hold)
			w.pass(time.Second)
			if s := w.now(); s.Channel != "c1" || s.Link != NoFault || !s.Lamps.Link {
				t.Errorf("on %q with fault %q, link lamp %v; want to be on air on c1", s.Channel, s.Link, s.Lamps.Link)
			}
			if err := w.stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}
