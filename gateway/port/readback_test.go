package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/hal"
)

// readbackTime is how long a transmitter may take to obey.
const readbackTime = 500 * time.Millisecond

// echo makes the radio's COR input, which nothing else uses here, show what
// PTT-out is driven to, unless it is told to stick.
type echo struct {
	*world
	stuck bool // it shows no changes
}

func withEcho(t *testing.T, body func(e *echo)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &echo{world: newWorld(t, time.Millisecond)}
		e.adapt = func(opt *Options) { opt.Hardware.PTTEcho = e.radio.COR }
		e.radio.PTTOut.Watch(func(edge hal.Edge) {
			if !e.stuck {
				e.radio.COR.Set(edge.Active)
			}
		})
		e.start()
		body(e)
		if err := e.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func (e *echo) want(keyed bool, fault output.KeyFault) {
	e.t.Helper()
	s := e.now()
	if s.Key != fault || s.Lamps.Alert != (fault != output.NoKeyFault) || e.radio.PTTOut.Active() != keyed {
		e.t.Fatalf("keyed %v, fault %q, alert %v; want %v, %q", e.radio.PTTOut.Active(), s.Key, s.Lamps.Alert, keyed, fault)
	}
}

// TestTransmitterThatDoesNotKey is let go at once, and the alarm stays until it
// was seen to transmit.
func TestTransmitterThatDoesNotKey(t *testing.T) {
	withEcho(t, func(e *echo) {
		e.speakTo(0, 2*time.Second)
		e.want(true, output.NoKeyFault)
		e.pass(2 * time.Second)
		e.want(false, output.NoKeyFault)

		e.stuck = true
		e.speakTo(1000, readbackTime/2)
		e.want(true, output.NoKeyFault)
		e.speakTo(1000+uint32(readbackTime/2/(20*time.Millisecond)), 2*readbackTime)
		e.want(false, output.NotKeyed)
		e.pass(2 * time.Second)
		e.want(false, output.NotKeyed)

		e.stuck = false
		e.speakTo(2000, readbackTime)
		e.want(true, output.NoKeyFault)
	})
}

// TestTransmitterThatIsStuck is not keyed until it stops.
func TestTransmitterThatIsStuck(t *testing.T) {
	withEcho(t, func(e *echo) {
		e.speakTo(0, time.Second)
		e.want(true, output.NoKeyFault)
		e.stuck = true
		e.pass(2 * time.Second)
		e.want(false, output.StuckKeyed)
		e.speakTo(1000, time.Second)
		e.want(false, output.StuckKeyed)
		e.pass(2 * time.Second)
		e.stuck = false
		e.radio.COR.Set(false)
		e.want(false, output.NoKeyFault)
		e.speakTo(2000, time.Second)
		e.want(true, output.NoKeyFault)
	})
}
