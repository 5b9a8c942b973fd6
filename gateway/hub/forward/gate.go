package forward

import (
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// Grant is one grant of the floor, which begins one talk spurt. Two grants to
// the same member differ.
type Grant struct {
	UserID, Token string
	Epoch         uint64
	Since         int64 // ms since 1970
}

// Verdict is what the gate decided about a packet that arrived.
type Verdict uint8

const (
	Accepted  Verdict = iota // it goes out now
	HeldBack                 // it waits for the view to confirm its sender
	Refused                  // its sender does not have the floor
	Duplicate                // it was there already
	Excess                   // its sender sends more sound than time passes
	Malformed                // it cannot be Opus
	verdicts
)

// Outgoing is one packet as it leaves for the listeners. Its SSRC is the number
// of the talk spurt, from which a listener's stream learns where one ends and the
// next begins; only the first packet of a spurt has the marker bit.
type Outgoing struct {
	rtp.Packet
	From *Source
	data [media.MaxOpusPacket]byte
}

// gate decides what of a channel's incoming sound goes out: that of the one
// source which the hub's view of lock and rights admits, while that view is
// valid. The first packets of a spurt may be here before the view is; they are
// held back, for hold at most, and go out once it confirms them.
//
// It is pure: no clock, no lock, no goroutine, and no allocation.
type gate struct {
	hold time.Duration

	open  *Source // nil: nobody may be heard
	grant Grant
	until time.Time

	inHangover bool   // the floor is given back; lastRun is the last that is heard
	lastRun    uint64 // while inHangover

	spurt    uint32 // number of the talk spurt
	sent     int    // its packets so far
	firstSeq uint16 // of its first packet
	firstRun uint64
}

// admit lets src be heard, because of a grant, before until.
func (g *gate) admit(src *Source, by Grant, until time.Time) {
	if g.open != src || g.grant != by {
		if g.open != src {
			g.shut()
		}
		g.open, g.grant = src, by
		g.spurt++
		g.sent = 0
	}
	g.until, g.inHangover = until, false
}

// beginHangover keeps the gate open for what is still on its way of the run under way, after
// the floor was given back. A run that begins later waits for its own grant.
func (g *gate) beginHangover() {
	if g.open != nil && !g.inHangover {
		g.inHangover, g.lastRun = true, g.open.run
	}
}

// shut lets nobody be heard. What the source has sent of the run that was heard
// is forgotten, and nothing more of it is held; a run it has begun since may be
// that of its next grant.
func (g *gate) shut() {
	if g.open == nil {
		return
	}
	s := g.open
	if g.sent > 0 {
		s.closed = max(s.closed, g.firstRun)
	}
	s.forgetClosed()
	g.open, g.inHangover = nil, false
}

// isOpen reports whether src may be heard at now.
func (g *gate) isOpen(src *Source, now time.Time) bool {
	return g.open == src && now.Before(g.until)
}

// push hands over a packet that src sent. p is not kept. began reports that the
// packet is the first of a run.
func (g *gate) push(src *Source, now time.Time, p *rtp.Packet) (v Verdict, began bool) {
	sound, ok := media.PacketDuration(p.Payload)
	if !ok || len(p.Payload) > media.MaxOpusPacket {
		return Malformed, false
	}
	if !src.continues(now, p) {
		began = true
		if g.open == src {
			src.run++ // what waits has been confirmed
		} else {
			src.Begin()
		}
	}
	src.last, src.seq, src.pauses = now, p.SequenceNumber, media.Pause(p.Payload)
	if !src.afford(now, sound) {
		return Excess, began
	}
	if src.expire(now, g.hold) && g.open != src {
		src.forgetClosed()
	}
	open := g.isOpen(src, now) && (!g.inHangover || src.run <= g.lastRun)
	switch {
	case !open && src.run <= src.closed:
		return Refused, began
	case !src.insert(now, p):
		return Duplicate, began
	case open:
		return Accepted, began
	}
	return HeldBack, began
}

// next moves the next packet that may be heard at now into out, and reports
// whether there was one.
func (g *gate) next(now time.Time, out *Outgoing) bool {
	s := g.open
	if s == nil || !now.Before(g.until) {
		return false
	}
	if s.expire(now, g.hold) && g.sent == 0 {
		s.forgetClosed() // a spurt does not begin in the middle of a run
	}
	for s.n > 0 {
		h := s.at(0)
		if g.inHangover && h.run > g.lastRun {
			return false
		}
		s.drop()
		if behind := int16(g.firstSeq - h.seq); g.sent > 0 && g.sent < maxMisorder && behind > 0 && behind < maxMisorder {
			continue // it would have come before the spurt's first
		}
		if g.sent == 0 {
			g.firstSeq, g.firstRun = h.seq, h.run
		}
		out.From = s
		out.Header = rtp.Header{
			Version:        2,
			Marker:         g.sent == 0,
			SequenceNumber: h.seq,
			Timestamp:      h.ts,
			SSRC:           g.spurt,
		}
		out.Payload = out.data[:copy(out.data[:], h.data[:h.size])]
		g.sent++
		return true
	}
	return false
}
