package monitor

import (
	"time"

	"github.com/talkgate/talkgate/media/rtc"
)

// nobody is the channel of a desk that hears none.
const nobody = -1

// desk says which channel is heard. It is pure: time is that of the packets.
// Channels are numbered by importance, the most important is 0.
type desk struct {
	channel int // nobody at first
	turn    uint32
	heard   time.Time
}

func newDesk() desk { return desk{channel: nobody} }

// take says of a packet of a channel whether it is heard. The first to speak is
// heard until a pause, unless a more important one begins. turn changes with the
// channel that is heard.
func (d *desk) take(channel int, at time.Time) (turn uint32, ok bool) {
	if channel != d.channel {
		if channel > d.channel && d.speaks(at) {
			return 0, false
		}
		d.channel = channel
		d.turn++
	}
	d.heard = at
	return d.turn, true
}

// speaks is whether anybody is heard at a time.
func (d *desk) speaks(at time.Time) bool {
	return d.channel != nobody && at.Sub(d.heard) < rtc.SpeakerGap
}

// hears is the channel that is heard at a time, or nobody.
func (d *desk) hears(at time.Time) int {
	if !d.speaks(at) {
		return nobody
	}
	return d.channel
}
