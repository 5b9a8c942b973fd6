package port

import (
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
)

// listen looks for a dialed command in what the microphone heard. A command that
// finds the inbox full is lost, and can be dialed again.
func (p *Port) listen(low []float64) {
	if p.opt.Remote == nil {
		return
	}
	if c := p.opt.Remote.Hear(low); c != detect.NoCommand {
		p.inbox.offer(commandEvent(c))
	}
}

// onCommand carries out a dialed command and answers by a tone.
func (a *actor) onCommand(c detect.Command) {
	tone := media.Deny
	switch c {
	case detect.TellState:
		if a.floor.Link && a.floor.Rights && a.view.Known && !a.locked.Load() {
			tone = media.Permit
		}
		a.log.Info("state asked for by DTMF")
	case detect.LockTalk:
		a.log.Warn("talking is locked by DTMF")
		a.locked.Store(true)
		a.step(floor.Event{Kind: floor.Release, At: a.now()})
		a.step(floor.Event{Kind: floor.EmergencyOff, At: a.now()})
		tone = media.Revoked
	case detect.FreeTalk:
		a.log.Warn("talking is unlocked by DTMF")
		a.locked.Store(false)
		tone = media.Permit
	case detect.NotObeyed:
		a.log.Warn("DTMF digits were heard and not obeyed: expected *CODE1#, *CODE2# or *CODE3# with a code of talk.dtmf.access_file")
		return
	case detect.NoCommand:
		return
	}
	a.playout.PlayTone(tone)
}

// TalkLocked is whether talking is locked by DTMF; any goroutine may ask.
func (p *Port) TalkLocked() bool { return p.locked.Load() }
