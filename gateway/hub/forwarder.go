package hub

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// packetWriter is where a listener's packets go. WriteRTP keeps nothing of p.
type packetWriter interface {
	WriteRTP(p *rtp.Packet) error
}

// listener is one stream to one member.
type listener struct {
	userID string
	// deaf says that the member hears nothing for now.
	deaf *atomic.Bool
	out  packetWriter
}

// traffic counts packets, for the metrics.
type traffic struct {
	received          [verdicts]atomic.Uint64
	forwarded, unsent atomic.Uint64
	spurts            atomic.Uint64
}

// forwarderConfig is what a forwarder is made of. All but record and relay is required.
type forwarderConfig struct {
	// hold is how long packets wait for the view of the floor to confirm their sender.
	hold    time.Duration
	traffic *traffic
	// begun is told that a run began which the gate does not let through.
	begun func()
	// record is handed each packet that went out; it must not block.
	record func(*outgoing)
	// relay is handed what goes out of those who may be heard elsewhere.
	relay *relay
}

// forwarder carries the sound of one channel from the source its gate lets
// through to all listeners but the talker's own.
//
// Whoever brings a packet, or opens the gate, sends what may be sent; if somebody
// else is at it already, that one will find the packet. So packets leave in order
// though they come from several goroutines, and the lock is never held while one
// is written.
type forwarder struct {
	forwarderConfig
	// observer is handed each packet that went out, if set.
	observer atomic.Pointer[func(*outgoing)]

	mu        sync.Mutex
	gate      gate
	listeners []*listener // replaced, never changed
	draining  bool

	out outgoing // of whoever drains
}

func newForwarder(cfg forwarderConfig) *forwarder {
	return &forwarder{forwarderConfig: cfg, gate: gate{hold: cfg.hold}}
}

// observe hands each packet that goes out to fn, which must not block; nil ends that.
func (f *forwarder) observe(fn func(*outgoing)) {
	if fn == nil {
		f.observer.Store(nil)
		return
	}
	f.observer.Store(&fn)
}

// observed says whether packets are handed to an observer.
func (f *forwarder) observed() bool { return f.observer.Load() != nil }

// admitted is the user who may be heard at now, "" for nobody.
func (f *forwarder) admitted(now time.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if src := f.gate.open; src != nil && f.gate.isOpen(src, now) {
		return src.userID
	}
	return ""
}

// writing says whether a packet is on its way to the listeners.
func (f *forwarder) writing() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draining
}

// receive takes in a packet that src sent. p is not kept.
func (f *forwarder) receive(src *source, p *rtp.Packet) {
	f.mu.Lock()
	v, began := f.gate.push(src, time.Now(), p)
	f.mu.Unlock()
	f.traffic.received[v].Add(1)
	if began && v != accepted {
		f.begun()
	}
	f.drain()
}

// admit lets src be heard. drain must follow, outside all locks.
func (f *forwarder) admit(src *source, by grant, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.admit(src, by, until)
}

// shut lets nobody be heard. One packet may be on its way to the socket.
func (f *forwarder) shut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.shut()
}

// trail lets be heard what is still on its way of the talk spurt that has ended.
func (f *forwarder) trail() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate.trail()
}

// begin says that what src sends from now on is a new run, for a member whose
// stream never pauses.
func (f *forwarder) begin(src *source) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gate.open != src {
		src.begin()
	}
}

// lastHeard is when src last sent a packet; zero for never.
func (f *forwarder) lastHeard(src *source) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return src.last
}

func (f *forwarder) addListener(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners = append(slices.Clone(f.listeners), l)
}

func (f *forwarder) removeListener(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := make([]*listener, 0, len(f.listeners))
	for _, other := range f.listeners {
		if other != l {
			rest = append(rest, other)
		}
	}
	f.listeners = rest
}

// drain sends what may be sent, unless somebody else does.
func (f *forwarder) drain() {
	f.mu.Lock()
	if f.draining {
		f.mu.Unlock()
		return
	}
	f.draining = true
	for f.gate.next(time.Now(), &f.out) {
		listeners := f.listeners
		f.mu.Unlock()
		f.send(listeners)
		f.mu.Lock()
	}
	f.draining = false
	f.mu.Unlock()
}

func (f *forwarder) send(listeners []*listener) {
	var sent, failed uint64
	for _, l := range listeners {
		if l.userID == f.out.from.userID || l.deaf.Load() {
			continue
		}
		if l.out.WriteRTP(&f.out.Packet) != nil {
			failed++
		} else {
			sent++
		}
	}
	f.traffic.forwarded.Add(sent)
	if failed > 0 {
		f.traffic.unsent.Add(failed)
	}
	if f.out.Marker {
		f.traffic.spurts.Add(1)
	}
	if f.out.from.reaches != nil && f.relay != nil {
		f.relay.pass(&f.out)
	}
	if f.record != nil {
		f.record(&f.out)
	}
	if observer := f.observer.Load(); observer != nil {
		(*observer)(&f.out)
	}
}
