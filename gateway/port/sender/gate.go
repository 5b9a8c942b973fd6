package sender

import (
	"sync/atomic"
	"time"
)

// TalkGate stands between the encoder and the wire and is asked for every frame. It is
// open until a deadline and needs nobody to shut it: whatever stalls, dies or is cut off,
// the talk spurt ends.
//
// It lets a frame pass only while two parties agree: the actor, which opens it until a
// deadline, and whoever reads the talk rights, who bars it the instant they are gone,
// however busy the actor is.
//
// Times are on the port's monotonic clock. The zero value is shut. Any goroutine may use
// it.
type TalkGate struct {
	until  atomic.Int64
	barred atomic.Bool
}

// Open lets frames pass until the deadline.
func (g *TalkGate) Open(until time.Duration) { g.until.Store(int64(until)) }

// Shut lets nothing pass any more.
func (g *TalkGate) Shut() { g.until.Store(0) }

// Bar lets nothing pass, whatever the deadline, until it is called with false.
func (g *TalkGate) Bar(barred bool) { g.barred.Store(barred) }

// Passes reports whether a frame may pass at now.
func (g *TalkGate) Passes(now time.Duration) bool {
	return int64(now) < g.until.Load() && !g.barred.Load()
}
