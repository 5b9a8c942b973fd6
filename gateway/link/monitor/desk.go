package monitor

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// nobody is the channel of a voice that hears none.
const nobody = -1

// Config says what is heard when several channels speak.
type Config struct {
	// Duck lets the two most important of those that speak be heard at once; without
	// it one is, and the others are mute.
	Duck bool
	// Scan keeps what is heard on its channel until it has been quiet for Hold;
	// only the port's own channel, which is the first, breaks in. It is not for Duck.
	Scan bool
	Hold time.Duration
	// Emergency tells whether who has the floor of a channel has it for an emergency,
	// which is more important than all that is none; nil is never. It may take its time,
	// and is asked while somebody speaks there. What cannot be told is none.
	Emergency func(ctx context.Context, channel string) bool
}

// desk says which channels are heard. It is pure: time is that of the packets.
// Channels are numbered by importance, the most important is 0.
type desk struct {
	cfg    Config
	urgent []bool   // channels with an emergency
	voices [2]voice // without Duck the first alone
}

// voice is one place at which a channel is heard.
type voice struct {
	channel int    // nobody at first
	turn    uint32 // changes with the channel
	heard   time.Time
	pauses  bool // it was a media.Pause
}

// verdict is what becomes of a packet.
type verdict struct {
	voice  int
	turn   uint32 // of the voice
	lesser bool   // something more important is heard, too
}

func newDesk(cfg Config, channels int) desk {
	return desk{cfg: cfg, urgent: make([]bool, channels), voices: [2]voice{{channel: nobody}, {channel: nobody}}}
}

// take says of a packet of a channel whether and how it is heard. The first to speak
// is heard until a pause, unless a more important one begins.
func (d *desk) take(channel int, at time.Time, pause bool) (v verdict, ok bool) {
	if d.cfg.Duck {
		v.voice = d.place(channel, at)
	}
	mine, other := &d.voices[v.voice], &d.voices[1-v.voice]
	if other.speaks(at, rtc.SpeakerGap) && d.urgent[other.channel] && d.urgent[channel] && d.before(other.channel, channel) {
		return verdict{}, false // perhaps the same, on another channel of the event
	}
	if channel != mine.channel {
		if mine.speaks(at, d.keeps()) && !d.yields(mine.channel, channel) {
			return verdict{}, false
		}
		mine.channel = channel
		mine.turn++
	}
	mine.heard, mine.pauses = at, pause
	v.turn, v.lesser = mine.turn, other.speaks(at, rtc.SpeakerGap) && d.before(other.channel, channel)
	return v, true
}

// place is the voice for a channel: that which has it already, one that is silent,
// or the one of the less important channel.
func (d *desk) place(channel int, at time.Time) int {
	a, b := &d.voices[0], &d.voices[1]
	switch {
	case a.channel == channel:
		return 0
	case b.channel == channel:
		return 1
	case !a.speaks(at, rtc.SpeakerGap):
		return 0
	case !b.speaks(at, rtc.SpeakerGap) || d.before(a.channel, b.channel):
		return 1
	}
	return 0
}

// keeps is how long a channel is kept after its last packet.
func (d *desk) keeps() time.Duration {
	if d.cfg.Scan {
		return rtc.SpeakerGap + d.cfg.Hold
	}
	return rtc.SpeakerGap
}

// yields reports whether a channel makes room for another one.
func (d *desk) yields(channel, to int) bool {
	return d.before(to, channel) && (!d.cfg.Scan || to == 0 || d.urgent[to])
}

// before reports whether a channel is more important than another one.
func (d *desk) before(channel, other int) bool {
	if a, b := d.urgent[channel], d.urgent[other]; a != b {
		return a
	}
	return channel < other
}

// speaks is whether the voice is heard at a time, or was less than gap ago.
func (v *voice) speaks(at time.Time, gap time.Duration) bool {
	if v.pauses {
		gap = max(gap, media.PauseGap)
	}
	return v.channel != nobody && at.Sub(v.heard) < gap
}

// hears is the most important channel that is heard at a time, or nobody.
func (d *desk) hears(at time.Time) int {
	best := nobody
	for i := range d.voices {
		if v := &d.voices[i]; v.speaks(at, rtc.SpeakerGap) && (best == nobody || d.before(v.channel, best)) {
			best = v.channel
		}
	}
	return best
}
