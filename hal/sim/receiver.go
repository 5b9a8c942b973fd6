package sim

import (
	"sync"
	"time"
)

// SquelchTail is how long a squelch takes to notice that the signal is gone: the
// noise of the bare receiver is heard meanwhile.
const SquelchTail = 120 * time.Millisecond

// receiver is the squelch of a radio.
type receiver struct {
	mu    sync.Mutex
	heard bool
	shut  *time.Timer // nil while the squelch is not about to close
}

// Receive lets the radio receive somebody who says source: its squelch (COR)
// opens, and its microphone input has their sound.
func (r *Radio) Receive(source Source) {
	r.receiver.mu.Lock()
	defer r.receiver.mu.Unlock()
	if r.receiver.shut != nil {
		r.receiver.shut.Stop()
	}
	r.receiver.heard = true
	r.Mic.Hear(source)
	r.COR.Set(true)
}

// Fade ends what Receive began: there is noise, until the squelch closes.
func (r *Radio) Fade() {
	r.receiver.mu.Lock()
	defer r.receiver.mu.Unlock()
	if !r.receiver.heard {
		return
	}
	r.receiver.heard = false
	r.Mic.Hear(Hiss())
	r.receiver.shut = time.AfterFunc(SquelchTail, r.close)
}

// Receives reports whether the radio receives somebody.
func (r *Radio) Receives() bool {
	r.receiver.mu.Lock()
	defer r.receiver.mu.Unlock()
	return r.receiver.heard
}

// close closes the squelch, unless somebody is received again.
func (r *Radio) close() {
	r.receiver.mu.Lock()
	defer r.receiver.mu.Unlock()
	if r.receiver.heard {
		return
	}
	r.COR.Set(false)
	r.Mic.Hear(Silence())
}
