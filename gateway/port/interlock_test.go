package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// TestInterlock: while the squelch is open the transmitter is not keyed, and what
// the channel says meanwhile is on the air once it has closed.
func TestInterlock(t *testing.T) {
	for hold, want := range map[time.Duration]time.Duration{5 * time.Second: time.Second, 0: 0} {
		withCOR(t, func(w *world) {
			w.key = media.KeyTiming{Lead: 100 * time.Millisecond, Tail: 50 * time.Millisecond, Interlock: true, Hold: hold}
		}, func(w *world) {
			air := w.watchAir()
			w.radio.COR.Set(true)
			w.pass(500 * time.Millisecond)
			w.speakTo(0, time.Second)
			w.pass(time.Second)
			if len(air.edges) > 0 {
				t.Fatalf("keyed while the squelch was open: %v", air.edges)
			}
			w.radio.COR.Set(false)
			closed := time.Now()
			w.pass(3 * time.Second)
			if want == 0 {
				if len(air.edges) > 0 {
					t.Errorf("keyed for what was to be dropped: %v", air.edges)
				}
				return
			}
			if len(air.edges) != 2 || air.edges[0].At.Before(closed) || air.unkeyed > 0 {
				t.Fatalf("keyed %v, %d periods were not on the air", air.edges, air.unkeyed)
			}
			if said := air.last.Sub(air.first); said < want-50*time.Millisecond || said > want+50*time.Millisecond {
				t.Errorf("%v were on the air, want %v", said, want)
			}
			if s := w.port.KeyStats(); s.Keyed < time.Second || s.Lost > 0 || s.Waiting > 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestInterlockBeforeTheSquelchIsKnown: a port whose squelch is open at its start
// keys nothing either.
func TestInterlockBeforeTheSquelchIsKnown(t *testing.T) {
	withCOR(t, func(w *world) {
		w.radio.COR.Set(true)
		<-w.radio.COR.Edges()
		w.key.Interlock = true
	}, func(w *world) {
		w.radio.PTTOut.Watch(func(e hal.Edge) {
			if e.Active {
				t.Error("keyed")
			}
		})
		w.speakTo(0, 500*time.Millisecond)
	})
}
