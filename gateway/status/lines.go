package status

import (
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
)

// WatchedLine is an input with the words that doctor and page have for it.
type WatchedLine struct {
	In                     hal.Input
	name, active, inactive string
	Do                     string // what to do when it is active at rest
}

// Says is the line's state in words.
func (l WatchedLine) Says(active bool) string { return l.name + " is " + l.word(active) }

// Missing is why an input that comes and goes, such as a Bluetooth button, cannot be
// used now; nil is that it can.
func (l WatchedLine) Missing() error {
	if in, ok := l.In.(interface{ Missing() error }); ok {
		return in.Missing()
	}
	return nil
}

func (l WatchedLine) word(active bool) string {
	if active {
		return l.active
	}
	return l.inactive
}

// LinesOf are the inputs that are wired.
func LinesOf(hw port.Hardware) []WatchedLine {
	var wired []WatchedLine
	for i, in := range hw.Selector {
		wired = append(wired, WatchedLine{in, "line " + string(rune('a'+i)) + " of the selector", "active", "inactive", "turn the selector and see that it moves"})
	}
	for _, l := range []WatchedLine{
		{hw.PTT, "push-to-talk", "held", "let go", "let it go; if nobody holds it, the line's polarity or its bias is wrong"},
		{hw.Emergency, "the emergency button", "held", "let go", "let it go; if nobody holds it, the line's polarity or its bias is wrong"},
		{hw.COR, "COR", "open", "closed", "see that nobody is on the air; if so, close the radio's squelch, or the line's polarity or its bias is wrong"},
		{hw.PTTEcho, "the readback of PTT-out", "active", "inactive", "unkey the radio; if it does not transmit, the line's polarity or its bias is wrong"},
	} {
		if l.In != nil {
			wired = append(wired, l)
		}
	}
	return wired
}
