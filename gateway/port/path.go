package port

import (
	"sync"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
)

// path is the way of speech out of the port. It is up while a channel is chosen, its link
// is up, and the microphone delivers. Any goroutine may change it.
type path struct {
	inbox *inbox
	clock *leaseClock
	tones tonePlayer

	mu                sync.Mutex
	link, mic, chosen bool
	noLink            floor.Reason // why there is no link
	silent            bool         // no tones until it is up: the selector has its own
}

// tonePlayer plays tones to the person at the port.
type tonePlayer interface{ PlayTone(media.Tone) }

// setLink sets whether there is a link; why is what a person at the port is told where there
// is none.
func (p *path) setLink(up bool, why floor.Reason) (changed bool) {
	p.mu.Lock()
	p.noLink = why
	p.mu.Unlock()
	return p.set(&p.link, up)
}

func (p *path) setMic(up bool) { p.set(&p.mic, up) }
func (p *path) setChosen()     { p.set(&p.chosen, true) }

// leave takes the path down because the selector was moved, without a tone.
func (p *path) leave() {
	p.mu.Lock()
	p.silent = true
	p.mu.Unlock()
	p.set(&p.chosen, false)
}

func (p *path) set(part *bool, up bool) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *part == up {
		return false
	}
	*part = up
	switch {
	case !p.link && p.chosen:
		p.report(floor.LinkDown, p.noLink, media.LinkDown)
	case !p.chosen:
		p.report(floor.LinkDown, floor.NoLink, media.LinkDown)
	case !p.mic:
		p.report(floor.LinkDown, floor.NoSound, media.LinkDown)
	default:
		p.report(floor.LinkUp, floor.NoReason, media.LinkUp)
		p.silent = false
	}
	return true
}

// report plays the tone before the actor learns of the change: a tone of the floor comes
// after it.
func (p *path) report(kind floor.Kind, why floor.Reason, tone media.Tone) {
	if !p.silent {
		p.tones.PlayTone(tone)
	}
	p.inbox.post(floorEvent{Kind: kind, At: p.clock.Now(), Why: why})
}
