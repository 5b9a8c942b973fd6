package jitter

import "github.com/talkgate/talkgate/media"

// pull is media.Pull in samples.
type pull struct{ at, period, ahead int64 }

// sounds is when the slot begins to sound.
func (p pull) sounds() int64 { return p.at + p.ahead }

// next decides what sounds.
func (b *Buffer) next(now pull) media.Slot {
	p := &b.play
	if b.queued == 0 {
		if b.mayRest() {
			return b.rest()
		}
		return b.starve()
	}
	e := &b.order[0]
	if e.spurt != p.spurt {
		p.on = false // the tail of the one before has been played
	}
	if !p.on {
		if b.excess(e, now.at) < 0 && b.queued < capacity/2 {
			return media.Slot{Kind: media.Silence, Samples: idle}
		}
		return b.sound(e, now)
	}
	mends := e.seq > p.seq && e.ts-p.ts < frame*3/2
	if e.ts-p.ts >= frame/2 && !mends && b.mayRest() {
		return b.rest()
	}
	for p.blind > 0 && e.ts-p.ts >= frame/2 {
		p.blind--
		b.skip(e)
	}
	if e.ts-p.ts < frame/2 {
		return b.sound(e, now)
	}
	if p.concealed == maxConceal {
		p.on = false
		return b.next(now)
	}
	slot := media.Slot{Kind: media.Conceal, Samples: frame}
	if mends {
		slot.Opus = b.cells[e.cell].Opus
	}
	b.skip(e)
	p.concealed++
	b.count.concealed.Add(1)
	return slot
}

// mayRest is whether the talker is in a pause.
func (b *Buffer) mayRest() bool { return b.play.on && b.play.pausing && b.play.rested < maxRest }

// rest bridges 20 ms of a pause.
func (b *Buffer) rest() media.Slot {
	p := &b.play
	p.rested++
	b.count.comfort.Add(1)
	p.ts += frame
	p.end += frame
	return media.Slot{Kind: media.Comfort, Samples: frame}
}

// starve bridges a moment without packets: the spurt is over, or they are late.
func (b *Buffer) starve() media.Slot {
	p := &b.play
	if p.on && !p.pausing && p.concealed < maxConceal {
		p.blind++
		p.concealed++
		b.count.concealed.Add(1)
		return media.Slot{Kind: media.Conceal, Samples: frame}
	}
	p.on = false
	return media.Slot{Kind: media.Silence, Samples: idle}
}

// skip moves the position past a frame that is missing, or past 20 ms in which
// nothing was sent, towards e.
func (b *Buffer) skip(e *entry) {
	p := &b.play
	p.ts += frame
	p.end += frame
	if p.seq < e.seq {
		p.seq++
		p.missed = p.missed<<1 | 1
		b.count.lost.Add(1)
	}
}

// sound plays e, shortened or lengthened towards the delay that is wanted.
func (b *Buffer) sound(e *entry, now pull) media.Slot {
	p := &b.play
	t := now.sounds()
	slot := media.Slot{
		Kind: media.Play, First: e.spurt != p.spurt,
		Opus: b.cells[e.cell].Opus, Samples: frame, Lesser: b.cells[e.cell].Lesser,
	}
	if p.on && p.concealed == 0 {
		took := t - p.since
		b.room -= max(took-frame, frame-took)
	}
	b.room = max(0, min(b.room+haste, maxHaste))
	slot.Samples -= int(max(-b.room, min(b.surplus(e, now), b.room)))

	b.settle(e, t)
	b.count.played.Add(1)
	b.count.delay.Store(b.excess(e, t) + b.target.delay)
	*p = position{
		on: true, spurt: e.spurt, seq: e.seq + 1, ts: e.ts + frame, missed: p.missed << 1,
		pausing: media.Pause(slot.Opus),
		since:   t, end: t + int64(max(frame, slot.Samples)),
	}
	b.held = int(e.cell)
	b.queued--
	copy(b.order[:b.queued], b.order[1:])
	return slot
}

// surplus is by how much the frame may be shortened, or, negative, should be
// lengthened. A frame is asked for when the device asks for the period it begins
// in: what counts is how much longer than wanted it was held back then.
func (b *Buffer) surplus(e *entry, now pull) int64 {
	excess := b.excess(e, now.at)
	even := frame%now.period == 0
	if !even { // the next ones will be asked for up to a period before they sound
		excess -= now.period - now.ahead
	}
	switch {
	case excess < -slack-b.target.delay/4:
		return min(excess, -leastWish)
	case excess < 0:
		return 0
	case even: // frames go on being asked for at the same point of a period
		return now.ahead + excess/now.period*now.period
	default:
		return excess
	}
}

// settle charges the slots by which e, which sounds at t, is later than it should
// have been because it had not arrived.
func (b *Buffer) settle(e *entry, t int64) {
	p := &b.play
	if e.spurt != p.spurt {
		p.missed = 0
		b.target.inTime()
		return
	}
	for p.seq < e.seq { // in silence
		p.seq++
		p.missed = p.missed<<1 | 1
		b.count.lost.Add(1)
	}
	if behind := t - p.end - (e.ts - p.ts); behind >= frame/2 && (p.blind > 0 || p.rested > 0) {
		for range min((behind+frame/2)/frame, 25) {
			b.target.late()
			b.count.late.Add(1)
		}
		return
	}
	b.target.inTime()
}

// tooLate takes note of a packet whose turn is over; it is not played.
func (b *Buffer) tooLate(s *spurt, seq, ts, arrived int64) bool {
	if d := b.play.seq - 1 - seq; s.id == b.play.spurt && (d >= 64 || b.play.missed>>d&1 == 0) {
		b.count.duplicates.Add(1)
		return false
	}
	if s.id == b.play.spurt {
		b.play.missed &^= 1 << (b.play.seq - 1 - seq)
		b.count.lost.Add(^uint64(0))
	}
	b.count.late.Add(1)
	b.target.late()
	b.target.observe(arrived, s.base.observe(arrived, arrived-ts))
	return false
}

// excess is how much longer than wanted e is held back at a time.
func (b *Buffer) excess(e *entry, at int64) int64 {
	s := &b.spurts[e.spurt&1]
	if s.id != e.spurt {
		return 0
	}
	return at - e.ts - s.base.at(at) - b.target.delay
}
