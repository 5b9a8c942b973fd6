package hub

import (
	"testing"

	"github.com/talkgate/talkgate/media"
)

// What was counted is not forgotten with the session it was counted in.
func TestQualityOutlivesItsSessions(t *testing.T) {
	hub := newStub(t, "127.0.0.1:0")
	addr := hub.server.Listener.Addr().String()
	north, northEvents, _ := joinHub(t, Config{URL: hub.server.URL})
	south, southEvents, _ := joinHub(t, Config{URL: hub.server.URL})
	northEvents.see(t, "north up", func() bool { return northEvents.ups == 1 })
	southEvents.see(t, "south up", func() bool { return southEvents.ups == 1 })
	say := func(frames int) {
		for i := range frames {
			if err := north.WriteOpus([]byte{0xF8, byte(i)}, uint32(i*media.FrameSamples), i == 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	say(25)
	eventually(t, "all of it is counted", func() bool { return south.Quality().In.Received == 25 })
	eventually(t, "the sender is told", func() bool { return north.Quality().Out.Received == 25 })
	eventually(t, "the way is measured", func() bool { return north.Quality().RTT > 0 })

	hub.close()
	northEvents.see(t, "north down", func() bool { return len(northEvents.downs) == 1 })
	southEvents.see(t, "south down", func() bool { return len(southEvents.downs) == 1 })
	newStub(t, addr)
	northEvents.see(t, "north up again", func() bool { return northEvents.ups == 2 })
	southEvents.see(t, "south up again", func() bool { return southEvents.ups == 2 })
	say(10)
	eventually(t, "both are counted", func() bool { q := south.Quality().In; return q.Received == 35 && q.Expected == 35 })
}
