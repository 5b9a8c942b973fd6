package port

import (
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/media/level"
	"github.com/talkgate/talkgate/state/floor"
)

// Any goroutine may call the methods in this file.

// Status is the port's status.
func (p *Port) Status() Status { return *p.public.status.Load() }

// Changes delivers every change of the port's status, in order. A reader that is too slow
// loses the oldest, which Dropped counts. The channel is closed when Run ends.
func (p *Port) Changes() <-chan Status { return p.public.changes }

// Dropped counts events that nobody had room for.
type Dropped struct {
	Commands uint64 // of DTMF: the actor was busy; they can be dialed again
	Changes  uint64 // of status: they were not read in time
}

// Dropped counts what was dropped since the start.
func (p *Port) Dropped() Dropped {
	return Dropped{Commands: p.inbox.dropped.Load(), Changes: p.public.dropped.Load()}
}

// Pulse counts the turns of the port's loops.
func (p *Port) Pulse() pulse.Counts { return p.pulse.Read() }

// TalkStats counts the frames that were sent.
func (p *Port) TalkStats() sender.Stats { return p.sender.Stats() }

// HeardStats counts the packets that were received, of all voices; delays are of the
// first.
func (p *Port) HeardStats() jitter.Stats { return p.receiver.Stats() }

// MicLevel meters what the microphone's card delivers, before anything is done to it.
func (p *Port) MicLevel() *media.Level { return p.capture.CardLevel() }

// LevelStats is what is done to the microphone's level.
func (p *Port) LevelStats() level.Stats { return p.capture.Levels().Stats() }

// SpeakerLevel meters what the loudspeaker is given.
func (p *Port) SpeakerLevel() *media.Level { return p.receiver.Playout().Level() }

// SquelchStats describes the radio's squelch.
func (p *Port) SquelchStats() squelch.Stats { return p.inputs.Squelch().Stats() }

// Detects reports whether Options.Detector hears the radio.
func (p *Port) Detects() bool { return p.opt.Detector != nil && p.inputs.Receiving() }

// KeyStats describes the transmitter.
func (p *Port) KeyStats() media.KeyStats {
	if p.transmitter == nil {
		return media.KeyStats{}
	}
	return p.transmitter.Stats()
}

// Identified counts the transmitter's identifications.
func (p *Port) Identified() uint64 {
	if p.transmitter == nil {
		return 0
	}
	return p.transmitter.Identified()
}

// Hears is the channel that is heard now, of several; empty for none.
func (p *Port) Hears() string {
	if m := p.channels.mixers[p.Status().Channel]; m != nil {
		return m.Hears()
	}
	return ""
}

// SetUnguarded says whether a channel's room on LiveKit lacks a live guard. It is shown
// while the port is on that channel.
func (p *Port) SetUnguarded(channel string, unguarded bool) {
	p.inbox.post(guardEvent{channel, unguarded})
}

// UnheardTimes counts how often the server forwarded nothing of a talk spurt.
func (p *Port) UnheardTimes() uint64 { return p.public.unheard.Load() }

// Refusals counts the presses that did not talk, or not to their end, by reason.
func (p *Port) Refusals() map[floor.Reason]uint64 { return p.public.readRefusals() }

// TalkLocked reports whether talking is locked by DTMF.
func (p *Port) TalkLocked() bool { return p.public.locked.Load() }
