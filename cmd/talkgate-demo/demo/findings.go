package demo

import (
	"fmt"
	"time"
)

// findings is what one or more trials showed.
type findings struct {
	heard, silenced, collisions int
	press, revoke, mouthToEar   []time.Duration
	clipped                     Clipped
	after, inFlight, doubleTalk int
	disturbed                   int
	faults                      []string
}

func (f *findings) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

// clip notes how many samples are missing, and by what that is known.
func (f *findings) clip(by string, start, end int) {
	if start <= 0 && end <= 0 {
		return
	}
	f.clipped.worst(Clipped{max(0, start), max(0, end)})
	f.fault("by %s, %d samples are missing at the start and %d at the end", by, max(0, start), max(0, end))
}

// add adds what another trial found.
func (f *findings) add(g findings) {
	f.heard += g.heard
	f.silenced += g.silenced
	f.collisions += g.collisions
	f.press = append(f.press, g.press...)
	f.revoke = append(f.revoke, g.revoke...)
	f.mouthToEar = append(f.mouthToEar, g.mouthToEar...)
	f.clipped.worst(g.clipped)
	f.after += g.after
	f.inFlight += g.inFlight
	f.doubleTalk += g.doubleTalk
	f.disturbed += g.disturbed
	f.faults = append(f.faults, g.faults...)
}

// report puts the findings into r.
func (f *findings) report(r *Report) {
	r.Presses = f.heard
	r.PressToFirstPacket = tail(f.press)
	r.ClippedSamples = f.clipped
	r.Revocations = f.silenced
	r.RevokeToLastPacket = tail(f.revoke)
	r.PacketsAfterRevoke = f.after
	r.PacketsInFlight = f.inFlight
	r.MouthToEar = usual(f.mouthToEar)
	r.Collisions = f.collisions
	r.DoubleTalkFrames = f.doubleTalk
	r.Disturbed = f.disturbed
	r.Faults = f.faults
}
