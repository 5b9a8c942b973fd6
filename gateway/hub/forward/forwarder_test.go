package forward

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media/icelite"
)

// recorder is a listener's stream that keeps what it is sent. Its lock is there
// to show a race: one packet at a time is written.
type recorder struct {
	mu   sync.Mutex
	got  []uint32
	busy bool
	t    testing.TB
}

func (r *recorder) Queue(_ *icelite.Batch, p *rtp.Packet) error {
	r.mu.Lock()
	if r.busy {
		r.t.Error("two packets are written at a time")
	}
	r.busy = true
	r.mu.Unlock()
	n := binary.BigEndian.Uint32(p.Payload)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = false
	r.got = append(r.got, n)
	return nil
}

// blocked is a listener's stream whose write ends when it is told to.
type blocked struct{ entered, release chan struct{} }

func (b *blocked) Queue(*icelite.Batch, *rtp.Packet) error {
	b.entered <- struct{}{}
	<-b.release
	return nil
}

func numbered(seq uint16) *rtp.Packet {
	return &rtp.Packet{
		Header:  rtp.Header{SequenceNumber: seq, Marker: seq == 0},
		Payload: binary.BigEndian.AppendUint32(nil, uint32(seq)),
	}
}

// While a write is stuck, packets still come in, the floor can change, and
// nobody waits; the packets leave in order afterwards.
func TestStuckWriteHoldsUpNobody(t *testing.T) {
	a, b := newSource("a"), newSource("b")
	f := openTo(a)
	stuck := &blocked{make(chan struct{}), make(chan struct{})}
	rec := &recorder{t: t}
	f.AddListener(&Listener{Deaf: new(atomic.Bool), Out: stuck})
	f.AddListener(&Listener{Deaf: new(atomic.Bool), Out: rec})
	done := make(chan struct{})
	go func() { defer close(done); f.Receive(a, numbered(0)) }()
	<-stuck.entered
	for seq := range uint16(5) {
		f.Receive(a, numbered(seq+1))
		f.Receive(b, numbered(seq+1))
	}
	late := &Listener{Deaf: new(atomic.Bool), Out: &recorder{t: t}}
	f.AddListener(late)
	f.RemoveListener(late)
	close(stuck.release)
	go func() {
		for range stuck.entered {
		}
	}()
	<-done
	close(stuck.entered)
	if len(rec.got) != 6 {
		t.Fatalf("%v was written, want the six packets of a", rec.got)
	}
	for i, n := range rec.got {
		if n != uint32(i) {
			t.Fatalf("%v was written, want the six packets of a in order", rec.got)
		}
	}
}

// Packets that arrive on several goroutines while the floor changes hands leave
// one at a time, and each member's in order.
func TestForwarderUnderContention(t *testing.T) {
	sources := []*Source{newSource("a"), newSource("b")}
	f := openTo(sources[0])
	rec := &recorder{t: t}
	f.AddListener(&Listener{Deaf: new(atomic.Bool), Out: rec})
	var all sync.WaitGroup
	const packets = 2000
	for i, s := range sources {
		all.Go(func() {
			for seq := range uint16(packets) {
				p := numbered(seq)
				binary.BigEndian.PutUint32(p.Payload, uint32(i)<<16|uint32(seq))
				s.paid = time.Time{} // as if it had taken its time
				f.Receive(s, p)
			}
		})
	}
	all.Go(func() {
		for epoch := range uint64(200) {
			f.Admit(sources[epoch%2], Grant{Epoch: epoch + 2}, f.gate.until)
			f.Drain()
		}
	})
	all.Wait()
	last := map[uint32]uint32{}
	for _, n := range rec.got {
		who, seq := n>>16, n&0xFFFF
		if seq < last[who] {
			t.Fatalf("packet %d of source %d after %d", seq, who, last[who])
		}
		last[who] = seq
	}
	if len(rec.got) == 0 {
		t.Error("nothing was written")
	}
}

type sink struct{}

func (sink) Queue(*icelite.Batch, *rtp.Packet) error { return nil }

func TestForwardingAllocatesNothing(t *testing.T) {
	src := newSource("a")
	f := openTo(src)
	for range 10 {
		f.AddListener(&Listener{Deaf: new(atomic.Bool), Out: sink{}})
	}
	meter := NewMeter(func(map[string]float64) {})
	f.Observe(meter.Hear)
	p := numbered(0)
	if n := testing.AllocsPerRun(1000, func() {
		p.SequenceNumber++
		src.paid = time.Time{}
		f.Receive(src, p)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	if got := f.Traffic.Forwarded.Load(); got == 0 {
		t.Error("nothing was forwarded")
	}
}

func TestForwardingToOtherChannelsAllocatesNothing(t *testing.T) {
	src, guest := newSource("a"), newSource("a")
	home, other := openTo(src), openTo(guest)
	other.AddListener(&Listener{Deaf: new(atomic.Bool), Out: sink{}})
	src.Reaches, home.Relay = func(string) bool { return true }, new(Relay)
	home.Relay.routes.Store(&[]*Route{{Forwarder: other, Guest: guest}})
	p := numbered(0)
	if n := testing.AllocsPerRun(1000, func() {
		p.SequenceNumber++
		src.paid, guest.paid = time.Time{}, time.Time{}
		home.Receive(src, p)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	if got := other.Traffic.Forwarded.Load(); got < 1000 {
		t.Errorf("%d packets were forwarded", got)
	}
}
