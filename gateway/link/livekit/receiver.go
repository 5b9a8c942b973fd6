package livekit

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// hold is how long the first packets of a talk spurt wait for Redis to
	// confirm who has the floor.
	hold = 200 * time.Millisecond
	// hangover is how long after a floor was handed back its last packets may
	// come: Redis's news overtakes them.
	hangover = 100 * time.Millisecond
	// viewLease is how long a reading of the floor is relied on.
	viewLease = 2 * time.Second
	// runGap parts two talk spurts of one sender.
	runGap = 100 * time.Millisecond
	// maxHeld is how many packets wait: those of hold.
	maxHeld = 12
)

// floorFilter lets through what of a room is to be heard: the stream of the one member
// who has the floor in Redis, and nothing of anybody else who sends.
type floorFilter struct {
	// out gets what is heard, one packet at a time; the packet is the
	// filter's.
	out func(p *rtp.Packet, arrived time.Time)

	mu        sync.Mutex
	floor     floor.View[redis.Holder]
	left      string    // who handed the floor back last
	heardTill time.Time // until when it may still be heard
	streams   []*stream
}

// newFloorFilter hands what is heard, as one stream of a channel, to on.
func newFloorFilter(channel int, on func(media.Packet)) *floorFilter {
	merge := rtc.NewMerge()
	return &floorFilter{floor: floor.View[redis.Holder]{Lease: viewLease}, out: func(p *rtp.Packet, arrived time.Time) {
		heard := merge.Next(p, arrived)
		heard.Channel = channel
		on(heard)
	}}
}

// stream is one member's stream.
type stream struct {
	filter   *floorFilter
	identity func() string
	who      string // once known

	last time.Time
	held [maxHeld]heldPacket
	n    int
	out  rtp.Packet
}

type heldPacket struct {
	header rtp.Header
	at     time.Time
	size   int
	data   [media.MaxOpusPacket]byte
}

// add begins a stream. Of one member's streams the newest counts.
func (f *floorFilter) add(identity func() string) *stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &stream{filter: f, identity: identity}
	f.streams = append(f.streams, s)
	return s
}

// forget drops all streams, with the session they came from.
func (f *floorFilter) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.streams = nil
}

// apply applies a reading of the floor. The error is that of floor.View.Apply.
func (f *floorFilter) apply(v redis.FloorView) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.floor.Holder()
	err := f.floor.Apply(v.Reading())
	if f.floor.Holder() == nil {
		if before != nil && err == nil && v.Holder == nil {
			f.left, f.heardTill = before.UserID, v.ReadAt.Add(hangover)
		}
		return err
	}
	f.left = ""
	now := time.Now()
	if h := f.floor.HolderAt(now); h != nil {
		for _, s := range f.streams {
			if s.is(h.UserID) {
				s.flush(now)
			}
		}
	}
	return err
}

// hears reports whether s is heard at now.
func (f *floorFilter) hears(s *stream, now time.Time) bool {
	switch {
	case f.floor.Holder() != nil:
		h := f.floor.HolderAt(now)
		return h != nil && s.is(h.UserID)
	case f.left != "":
		return s.is(f.left) && now.Before(f.heardTill)
	}
	return false
}

// receive handles one packet.
func (s *stream) receive(p *rtp.Packet, arrived time.Time) {
	s.filter.mu.Lock()
	defer s.filter.mu.Unlock()
	if p.Marker || arrived.Sub(s.last) > runGap {
		s.n = 0 // what waits is of another talk spurt
	}
	s.last = arrived
	if s.filter.hears(s, arrived) {
		s.flush(arrived)
		s.filter.out(p, arrived)
		return
	}
	s.keep(p, arrived)
}

// keep makes a packet wait. The oldest gives way.
func (s *stream) keep(p *rtp.Packet, arrived time.Time) {
	if s.n == maxHeld {
		s.drop(1)
	}
	h := &s.held[s.n]
	s.n++
	h.header = rtp.Header{Version: 2, Marker: p.Marker, SequenceNumber: p.SequenceNumber, Timestamp: p.Timestamp, SSRC: p.SSRC}
	h.at, h.size = arrived, copy(h.data[:], p.Payload)
}

func (s *stream) drop(n int) {
	copy(s.held[:], s.held[n:s.n])
	s.n -= n
}

// flush lets out what has waited, and not too long.
func (s *stream) flush(now time.Time) {
	for i := range s.n {
		if h := &s.held[i]; now.Sub(h.at) <= hold {
			s.out.Header, s.out.Payload = h.header, h.data[:h.size]
			s.filter.out(&s.out, h.at)
		}
	}
	s.n = 0
}

// is reports whether the stream is of who. Whose it is may not be known yet.
func (s *stream) is(who string) bool {
	if s.who == "" {
		s.who = s.identity()
	}
	return s.who == who
}
