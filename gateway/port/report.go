package port

import (
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
)

// show brings lamps and published status up to date.
func (a *actor) show() {
	s := Status{Channel: a.channel, Floor: a.floor, Link: a.fault, Key: a.key, Looped: a.looped, Unheard: a.unheard, Unguarded: a.unguarded, Redis: a.view.Known, RedisFault: a.view.Fault}
	if h := a.view.Holder; h != nil {
		s.Taken, s.Holder, s.HolderName, s.Emergency = true, h.UserID, h.UserName, h.Emergency != ""
	}
	s.Lamps = lamps(s, a.ours())
	if s == a.shown {
		return
	}
	if s.Emergency != a.shown.Emergency {
		a.onEmergency(s.Emergency)
	}
	if a.lamps != nil && s.Lamps != a.shown.Lamps {
		a.lamps.Show(s.Lamps)
	}
	a.shown = s
	a.public.publish(s)
}

// report logs what a technician or a dispatcher would ask about.
func (a *actor) report(before floor.Floor) {
	if a.floor.Rights != before.Rights {
		a.log.Info("talk rights changed", "held", a.floor.Rights)
	}
	if a.floor.Phase == before.Phase {
		return
	}
	switch a.floor.Phase {
	case floor.Talking:
		a.log.Info("talking", "emergency", a.floor.Emergency)
	case floor.Refused:
		a.public.countRefusal(a.floor.Why)
		attrs := []any{"was", before.Phase.String(), "why", Why(a.floor)}
		if a.floor.Why == floor.BudgetSpent {
			attrs = append(attrs, "again_in", a.floor.BudgetAgain(a.clock.Now()).Round(time.Second).String())
		}
		a.log.Info("not talking", attrs...)
	case floor.Idle:
		if before.Phase == floor.Draining {
			a.log.Info("released")
		}
	case floor.Waiting:
		a.log.Info("waiting for the floor", "place", a.floor.Place, "holder", a.floor.Holder)
	case floor.Requesting, floor.Draining:
	}
}

// onUnheard lets the person who talks know that nobody hears it. The floor is not given
// back: the server may come to another view within a lease.
func (a *actor) onUnheard(reason string) {
	if a.floor.Phase != floor.Talking || reason == a.unheard {
		return
	}
	switch {
	case reason == "":
		a.log.Info("what is said here is heard again")
	case a.unheard == "":
		a.public.unheard.Add(1)
		a.log.Warn("talking and unheard", "why", UnheardWords(reason))
		a.tones.PlayTone(media.Revoked)
	}
	a.unheard = reason
	a.show()
}

// onGuard shows whether the channel is guarded, unless it was changed since that was read.
func (a *actor) onGuard(e guardEvent) {
	if e.channel != a.channel || e.unguarded == a.unguarded {
		return
	}
	a.unguarded = e.unguarded
	if e.unguarded {
		a.log.Warn("no live guard is in the channel's room: LiveKit forwards who has no floor, too")
	} else {
		a.log.Info("no guard is missing anymore")
	}
	a.show()
}

// onEmergencyButton handles the emergency button. Held, it begins an emergency, or ends
// the one that this port has. A refused emergency ends when the button is let go.
func (a *actor) onEmergencyButton(e emergencyButtonEvent) {
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

// onEmergency lets the person at the port know of an emergency, whatever the volume.
func (a *actor) onEmergency(on bool) {
	a.volume.Emergency(on || a.monitored)
	if !on {
		a.log.Warn("the emergency is over")
		return
	}
	a.log.Warn("emergency", "holder", a.view.Holder.UserID, "name", a.view.Holder.UserName)
	a.tones.PlayTone(media.Emergency)
}

// onMonitoredEmergency lets the person at the port hear an emergency on a monitored
// channel. No lamp is lit: the port's own channel is free to talk on.
func (a *actor) onMonitoredEmergency(on bool) {
	a.monitored = on
	a.volume.Emergency(on || a.shown.Emergency)
	if !on {
		a.log.Warn("the emergency on a monitored channel is over, or silent")
		return
	}
	a.log.Warn("emergency on a monitored channel")
	a.tones.PlayTone(media.Emergency)
}

// onCommand carries out a command that was dialed by DTMF, and answers by a tone.
func (a *actor) onCommand(c detect.Command) {
	tone := media.Deny
	switch c {
	case detect.TellState:
		if a.floor.Link && a.floor.Rights && a.view.Known && !a.public.locked.Load() {
			tone = media.Permit
		}
		a.log.Info("state asked for by DTMF")
	case detect.LockTalk:
		a.log.Warn("talking is locked by DTMF")
		a.public.locked.Store(true)
		a.step(floor.Event{Kind: floor.Release, At: a.clock.Now()})
		a.step(floor.Event{Kind: floor.EmergencyOff, At: a.clock.Now()})
		tone = media.Revoked
	case detect.FreeTalk:
		a.log.Warn("talking is unlocked by DTMF")
		a.public.locked.Store(false)
		tone = media.Permit
	case detect.NotObeyed:
		a.log.Warn("DTMF digits were heard and not obeyed: expected *CODE1#, *CODE2# or *CODE3# with a code of talk.dtmf.access_file")
		return
	case detect.NoCommand:
		return
	}
	a.tones.PlayTone(tone)
}
