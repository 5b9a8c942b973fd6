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

// clip notes how many samples are missing, if it is the worst so far.
func (f *findings) clip(start, end int) {
	f.clipped.Start = max(f.clipped.Start, start)
	f.clipped.End = max(f.clipped.End, end)
}

// add takes in what else was found.
func (f *findings) add(g findings) {
	f.heard += g.heard
	f.silenced += g.silenced
	f.collisions += g.collisions
	f.press = append(f.press, g.press...)
	f.revoke = append(f.revoke, g.revoke...)
	f.mouthToEar = append(f.mouthToEar, g.mouthToEar...)
	f.clip(g.clipped.Start, g.clipped.End)
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
