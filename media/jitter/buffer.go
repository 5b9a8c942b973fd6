// Package jitter is the adaptive jitter buffer: it turns packets as the network
// delivers them into an even flow of slots, no later than it must.
//
// The idea, the figures and what was rejected are in docs/jitter-buffer.md.
package jitter

import (
	"time"

	"github.com/talkgate/talkgate/media"
)

const (
	rate  = media.SampleRate
	frame = media.FrameSamples

	// idle is the length of a silent slot: how soon a first packet is noticed.
	idle = rate / 200
	// shortest is that of a packet. Whatever is made up is a multiple of it.
	shortest = media.MinOpusSamples
	// maxConceal is how much is made up in a row, in samples; silence follows.
	maxConceal = 3 * frame
	// maxRest is how many slots of comfort noise sound in a row; what is a Pause no
	// longer is over.
	maxRest = int(media.PauseGap / media.FrameDuration)
	// slack is the shortfall of delay that is not worth a splice.
	slack = rate / 500
	// One part in haste may be cut out or put in, on average, and maxHaste at once.
	haste    = 4
	maxHaste = 600
	// together is how many packets sound in one slot at most.
	together = frame / shortest
	// leastWish leaves room for one period of a voice when lengthening.
	leastWish = rate / 100
)

// Config of a Buffer.
type Config struct {
	// Start is the delay assumed until packets tell; 0 means 30 ms.
	Start time.Duration
}

// Buffer is the jitter buffer of one stream of Opus packets of any length. One
// goroutine calls Push, one calls Pop; neither waits for the other, and nothing is
// allocated.
type Buffer struct {
	epoch      time.Time
	cells      [capacity]cell
	free, full ring // cells to Push into, and pushed

	// The rest is Pop's.

	order  [capacity]entry // packets to be played, in order
	queued int
	spurts [2]spurt // the newest and the one before, at id&1
	newest uint32   // id
	target target
	play   position
	held   [together]uint8 // the cells whose payloads are with the playout
	holds  int
	more   [together][]byte
	room   int64

	count counters
}

// entry is a packet in its place.
type entry struct {
	spurt   uint32
	seq, ts int64
	length  int64 // samples
	cell    uint8
}

func (e *entry) before(f *entry) bool {
	return e.spurt < f.spurt || e.spurt == f.spurt && e.seq < f.seq
}

// position is how far playing has come.
type position struct {
	on        bool // frames or their stand-ins are sounding
	spurt     uint32
	seq, ts   int64  // of the next packet
	length    int64  // of the last packet, samples: that of those that are missing
	skipped   int64  // samples skipped that are less than a packet
	missed    uint64 // bit i: the packet i+1 before the next was not played
	blind     int64  // samples concealed without knowing what became of the next packet
	concealed int64  // samples concealed since the last packet
	pausing   bool   // the last packet was a media.Pause
	rested    int    // slots of comfort noise since
	slot      int64  // samples of the packets of the last slot
	since     int64  // when it began to sound
	end       int64  // when it ended, or whatever was known to be missing after it
}

// New makes a Buffer. It is the only place that allocates.
func New(cfg Config) *Buffer {
	if cfg.Start == 0 {
		cfg.Start = 30 * time.Millisecond
	}
	b := &Buffer{epoch: time.Now()}
	b.target = newTarget(int64(cfg.Start * rate / time.Second))
	for i := range capacity {
		b.free.put(uint8(i))
	}
	return b
}

// Push hands over a packet from the network. It copies p.Opus.
func (b *Buffer) Push(p media.Packet) {
	b.count.received.Add(1)
	length := media.OpusSamples(p.Opus)
	if length == 0 || len(p.Opus) > media.MaxOpusPacket {
		b.count.refused.Add(1)
		return
	}
	i, ok := b.free.take()
	if !ok {
		b.count.refused.Add(1)
		return
	}
	c := &b.cells[i]
	c.Packet, c.length = p, int64(length)
	c.Opus = c.opus[:copy(c.opus[:], p.Opus)]
	b.full.put(i)
}

// Pop returns what is to sound next, in answer to a request of the device.
func (b *Buffer) Pop(p media.Pull) media.Slot {
	for _, i := range b.held[:b.holds] {
		b.free.put(i)
	}
	b.holds = 0
	for i, ok := b.full.take(); ok; i, ok = b.full.take() {
		if !b.place(i) {
			b.free.put(i)
		}
	}
	slot := b.next(pull{b.samples(p.At), max(1, int64(p.Samples)), int64(p.Ahead)})
	b.count.target.Store(b.target.delay)
	return slot
}

func (b *Buffer) samples(t time.Time) int64 {
	return int64(t.Sub(b.epoch)) * (rate / 1000) / int64(time.Millisecond)
}

// place puts a packet in its place in order; false: it has none.
func (b *Buffer) place(i uint8) bool {
	p := &b.cells[i].Packet
	arrived := b.samples(p.Arrived)
	s := &b.spurts[b.newest&1]
	seq, ts, ok := s.extend(p, arrived)
	if !ok {
		s = &b.spurts[(b.newest+1)&1]
		seq, ts, ok = s.extend(p, arrived)
	}
	if !ok {
		skew := b.spurts[b.newest&1].base.skew
		b.newest++
		s = &b.spurts[b.newest&1]
		s.start(b.newest, p)
		s.base.skew = skew
		seq, ts = s.seq, s.ts
		b.count.spurts.Add(1)
	}
	if seq > s.seq {
		s.seq, s.ts = seq, ts
	} else if seq < s.seq {
		b.count.reordered.Add(1)
	}
	e := entry{s.id, seq, ts, b.cells[i].length, i}
	if e.spurt < b.play.spurt || e.spurt == b.play.spurt && seq < b.play.seq {
		return b.tooLate(s, seq, ts, arrived)
	}
	at := b.queued
	for at > 0 && e.before(&b.order[at-1]) {
		at--
	}
	if at > 0 && b.order[at-1].spurt == e.spurt && b.order[at-1].seq == e.seq {
		b.count.duplicates.Add(1)
		return false
	}
	copy(b.order[at+1:b.queued+1], b.order[at:b.queued])
	b.order[at] = e
	b.queued++
	b.target.observe(arrived, s.base.observe(arrived, arrived-ts))
	return true
}
