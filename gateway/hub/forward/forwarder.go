package forward

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media/icelite"
)

// Output is where a listener's packets go. *icelite.Subscriber implements it.
type Output interface {
	// Queue adds a packet to a batch, which is flushed after the last listener. It
	// keeps nothing of p.
	Queue(b *icelite.Batch, p *rtp.Packet) error
}

// Listener is one stream to one member.
type Listener struct {
	UserID string
	// Deaf says that the member hears nothing for now.
	Deaf *atomic.Bool
	Out  Output
}

// Traffic counts packets, for the metrics.
type Traffic struct {
	Received          [verdicts]atomic.Uint64
	Forwarded, Unsent atomic.Uint64
	Spurts            atomic.Uint64
	// Unheard counts how often members were told that nothing of theirs goes out.
	Unheard atomic.Uint64
}

// Config is what a Forwarder is made of. Hold, Traffic and Begun are required.
type Config struct {
	// Hold is how long packets wait for the view of the floor to confirm their sender.
	Hold    time.Duration
	Traffic *Traffic
	// Begun is called when a run begins that the gate does not let through.
	Begun func()
	// Unheard is called about twice a second while a source that has a function Unheard
	// sends and nothing of it goes out. Nil is for nobody to be told.
	Unheard func(*Source)
	// Record is handed each packet that went out; it must not block.
	Record func(*Outgoing)
	// Relay is handed what goes out of those who may be heard elsewhere.
	Relay *Relay
}

// Forwarder carries the sound of one channel from the source its gate lets
// through to all listeners but the talker's own.
//
// Whoever brings a packet, or opens the gate, sends what may be sent; if somebody
// else is at it already, that one will find the packet. So packets leave in order
// though they come from several goroutines, and the lock is never held while one
// is written.
type Forwarder struct {
	Config
	// observer is handed each packet that went out, if set.
	observer atomic.Pointer[func(*Outgoing)]

	mu        sync.Mutex
	gate      gate
	listeners []*Listener // replaced, never changed
	draining  bool

	// Of whoever drains:
	out   Outgoing
	batch icelite.Batch
}

// New returns a forwarder without listeners.
func New(cfg Config) *Forwarder {
	return &Forwarder{Config: cfg, gate: gate{hold: cfg.Hold}}
}

// Observe hands each packet that goes out to fn, which must not block; nil ends that.
func (f *Forwarder) Observe(fn func(*Outgoing)) {
	if fn == nil {
		f.observer.Store(nil)
		return
	}
	f.observer.Store(&fn)
}

// Observed says whether packets are handed to an observer.
func (f *Forwarder) Observed() bool { return f.observer.Load() != nil }

// Admitted is the user who may be heard at now, "" for nobody.
func (f *Forwarder) Admitted(now time.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if src := f.gate.open; src != nil && f.gate.isOpen(src, now) {
		return src.UserID
	}
	return ""
}

// Writing says whether a packet is on its way to the listeners.
func (f *Forwarder) Writing() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draining
}

// Receive hands over a packet that src sent. p is not kept.
func (f *Forwarder) Receive(src *Source, p *rtp.Packet) {
	now := time.Now()
	f.mu.Lock()
	v, began := f.gate.push(src, now, p)
	unheard := src.isUnheard(now, v, began)
	f.mu.Unlock()
	f.Traffic.Received[v].Add(1)
	if began && v != Accepted {
		f.Begun()
	}
	if unheard && f.Unheard != nil && src.Unheard != nil {
		f.Traffic.Unheard.Add(1)
		f.Unheard(src)
	}
	f.Drain()
}

// Admit lets src be heard. drain must follow, outside all locks.
func (f *Forwarder) Admit(src *Source, by Grant, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.admit(src, by, until)
}

// Shut lets nobody be heard. One packet may be on its way to the socket.
func (f *Forwarder) Shut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.shut()
}

// BeginHangover lets be heard what is still on its way of the talk spurt that has ended.
func (f *Forwarder) BeginHangover() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.beginHangover()
}

// Begin says that what src sends from now on is a new run, for a member whose
// stream never pauses.
func (f *Forwarder) Begin(src *Source) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gate.open != src {
		src.Begin()
	}
}

// LastHeard is when src last sent a packet; zero for never.
func (f *Forwarder) LastHeard(src *Source) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return src.last
}

// AddListener sends what is forwarded from now on to l, too.
func (f *Forwarder) AddListener(l *Listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners = append(slices.Clone(f.listeners), l)
}

// RemoveListener undoes AddListener.
func (f *Forwarder) RemoveListener(l *Listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := make([]*Listener, 0, len(f.listeners))
	for _, other := range f.listeners {
		if other != l {
			rest = append(rest, other)
		}
	}
	f.listeners = rest
}

// Drain sends what may be sent, unless somebody else does.
func (f *Forwarder) Drain() {
	f.mu.Lock()
	if f.draining {
		f.mu.Unlock()
		return
	}
	f.draining = true
	for f.gate.next(time.Now(), &f.out) {
		listeners := f.listeners
		f.mu.Unlock()
		f.Send(listeners)
		f.mu.Lock()
	}
	f.draining = false
	f.mu.Unlock()
}

// Send writes the packet that goes out to each of these listeners, but its own speaker.
func (f *Forwarder) Send(listeners []*Listener) {
	var sent, failed int
	for _, l := range listeners {
		if l.UserID == f.out.From.UserID || l.Deaf.Load() {
			continue
		}
		if l.Out.Queue(&f.batch, &f.out.Packet) != nil {
			failed++
		} else {
			sent++
		}
	}
	unsent := f.batch.Flush()
	f.Traffic.Forwarded.Add(uint64(sent - unsent))
	f.Traffic.Unsent.Add(uint64(failed + unsent))
	if f.out.Marker {
		f.Traffic.Spurts.Add(1)
	}
	if f.out.From.Reaches != nil && f.Relay != nil {
		f.Relay.pass(&f.out)
	}
	if f.Record != nil {
		f.Record(&f.out)
	}
	if observer := f.observer.Load(); observer != nil {
		(*observer)(&f.out)
	}
}
