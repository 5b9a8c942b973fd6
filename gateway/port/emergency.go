package port

import (
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
)

// Emergency is how a port calls an emergency, and how it hears one.
type Emergency struct {
	// Guard is how long the button is held to begin one, or to end it.
	Guard time.Duration
	// Gain is that of the loudspeaker while there is one, in decibels, where it is
	// set to less.
	Gain float64
}

// alarm is the emergency button. Its goroutine is that of the talk lines.
type alarm struct {
	*Port
	guarded guarded
}

// button takes in an edge.
func (a *alarm) button(held bool, at time.Duration) {
	if a.guarded.edge(held, at) {
		a.count(at)
	}
	if !held {
		a.inbox.post(alarmEvent{at: at})
	}
}

// pass takes in that time has passed.
func (a *alarm) pass() {
	if now := a.now(); a.guarded.tick(now) {
		a.count(now)
	}
}

// count takes in that the button was held for its guard. What a squelch cut off its
// own talk spurts is not cut off an emergency.
func (a *alarm) count(at time.Duration) {
	a.talker.mute.end(a.mic.IndexAt(a.clock.time(at)))
	a.inbox.post(alarmEvent{held: true, at: at})
}

// onAlarm handles the emergency button. Held, it begins an emergency or ends the one
// that this port has; one that was refused is done with when the button is let go.
func (a *actor) onAlarm(e alarmEvent) {
	ours := a.floor.Emergency
	switch {
	case e.held && ours && (a.floor.Phase == floor.Requesting || a.floor.Phase == floor.Talking):
		a.step(floor.Event{Kind: floor.EmergencyOff, At: e.at})
	case e.held:
		a.step(floor.Event{Kind: floor.EmergencyOn, At: e.at})
	case ours && a.floor.Phase == floor.Refused:
		a.step(floor.Event{Kind: floor.EmergencyOff, At: e.at})
	}
}

// onEmergency lets the person at the port know, whatever the volume.
func (a *actor) onEmergency(on bool) {
	a.volume.override(on || a.monitored)
	if !on {
		a.log.Warn("the emergency is over")
		return
	}
	a.log.Warn("emergency", "holder", a.view.Holder.UserID, "name", a.view.Holder.UserName)
	a.playout.PlayTone(media.Emergency)
}

// onMonitoredEmergency lets the person at the port hear an emergency of a channel that is only
// monitored. No lamp is lit: the port's own channel is free to talk on.
func (a *actor) onMonitoredEmergency(on bool) {
	a.monitored = on
	a.volume.override(on || a.shown.Emergency)
	if !on {
		a.log.Warn("the emergency on a monitored channel is over, or silent")
		return
	}
	a.log.Warn("emergency on a monitored channel")
	a.playout.PlayTone(media.Emergency)
}
