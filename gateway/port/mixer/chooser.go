package mixer

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
	// Duck lets the two most important of those that speak be heard at once. Without it
	// one is heard and the others are mute.
	Duck bool
	// Scan stays on the channel that is heard until it has been quiet for Hold; only the
	// port's own channel, which is the first, breaks in. Not together with Duck.
	Scan bool
	Hold time.Duration
	// Emergency reports whether the holder of a channel's floor calls an emergency, which
	// is more important than everything else; nil never asks. It may block, and is asked
	// while somebody speaks there. If it cannot tell, it reports false.
	Emergency func(ctx context.Context, channel string) bool
}

// chooser chooses the channels that are heard. It is pure: time is that of the packets.
// Channels are numbered by importance; the most important is 0.
type chooser struct {
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

// choice is how a packet is heard.
type choice struct {
	voice  int
	turn   uint32 // of the voice
	lesser bool   // something more important is heard, too
}

func newChooser(cfg Config, channels int) chooser {
	return chooser{cfg: cfg, urgent: make([]bool, channels), voices: [2]voice{{channel: nobody}, {channel: nobody}}}
}

// choose says whether and how a packet of a channel is heard. The first to speak is heard
// until a pause, unless a more important one begins.
func (c *chooser) choose(channel int, at time.Time, pause bool) (v choice, ok bool) {
	if c.cfg.Duck {
		v.voice = c.place(channel, at)
	}
	mine, other := &c.voices[v.voice], &c.voices[1-v.voice]
	if other.speaks(at, rtc.SpeakerGap) && c.urgent[other.channel] && c.urgent[channel] && c.before(other.channel, channel) {
		return choice{}, false // perhaps the same, on another channel of the event
	}
	if channel != mine.channel {
		if mine.speaks(at, c.keeps()) && !c.yields(mine.channel, channel) {
			return choice{}, false
		}
		mine.channel = channel
		mine.turn++
	}
	mine.heard, mine.pauses = at, pause
	v.turn, v.lesser = mine.turn, other.speaks(at, rtc.SpeakerGap) && c.before(other.channel, channel)
	return v, true
}

// place is the voice for a channel: that which has it already, one that is silent,
// or the one of the less important channel.
func (c *chooser) place(channel int, at time.Time) int {
	a, b := &c.voices[0], &c.voices[1]
	switch {
	case a.channel == channel:
		return 0
	case b.channel == channel:
		return 1
	case !a.speaks(at, rtc.SpeakerGap):
		return 0
	case !b.speaks(at, rtc.SpeakerGap) || c.before(a.channel, b.channel):
		return 1
	}
	return 0
}

// keeps is how long a channel is kept after its last packet.
func (c *chooser) keeps() time.Duration {
	if c.cfg.Scan {
		return rtc.SpeakerGap + c.cfg.Hold
	}
	return rtc.SpeakerGap
}

// yields reports whether a channel makes room for another one.
func (c *chooser) yields(channel, to int) bool {
	return c.before(to, channel) && (!c.cfg.Scan || to == 0 || c.urgent[to])
}

// before reports whether a channel is more important than another one.
func (c *chooser) before(channel, other int) bool {
	if a, b := c.urgent[channel], c.urgent[other]; a != b {
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
func (c *chooser) hears(at time.Time) int {
	best := nobody
	for i := range c.voices {
		if v := &c.voices[i]; v.speaks(at, rtc.SpeakerGap) && (best == nobody || c.before(v.channel, best)) {
			best = v.channel
		}
	}
	return best
}
