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
	gap, unit := e.ts-p.ts, min(e.length, frame)
	if gap >= unit/2 && !b.mends(e, gap) && b.mayRest() {
		return b.rest()
	}
	if p.blind > 0 && gap >= unit/2 {
		n := min(p.blind, gap)
		p.blind -= n
		b.skip(e, n)
		gap -= n
	}
	if gap < unit/2 {
		return b.sound(e, now)
	}
	slot := media.Slot{Kind: media.Conceal}
	switch {
	case b.mends(e, gap):
		slot.Opus, slot.Samples = b.cells[e.cell].Opus, int(e.length)
	case p.concealed >= maxConceal:
		p.on = false
		return b.next(now)
	default:
		slot.Samples = int(min((gap+shortest-1)/shortest*shortest, frame))
	}
	b.skip(e, int64(slot.Samples))
	p.concealed += int64(slot.Samples)
	b.count.concealed.Add(1)
	return slot
}

// mends is whether e carries redundancy for the gap before it: its in-band FEC is for
// as long a time as it lasts itself.
func (b *Buffer) mends(e *entry, gap int64) bool {
	return e.seq > b.play.seq && gap >= e.length*3/4 && gap < e.length*3/2
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
		n := p.beat()
		p.blind += n
		p.concealed += n
		b.count.concealed.Add(1)
		return media.Slot{Kind: media.Conceal, Samples: int(n)}
	}
	p.on = false
	return media.Slot{Kind: media.Silence, Samples: idle}
}

// beat is how much is made up at once for a packet that is late, samples.
func (p *position) beat() int64 { return max(idle, min(p.length, frame)) }

// skip moves the position n samples towards e, past packets that are missing or a time
// in which nothing was sent.
func (b *Buffer) skip(e *entry, n int64) {
	p := &b.play
	p.ts += n
	p.end += n
	for p.skipped += n; p.skipped >= p.length && p.seq < e.seq; p.skipped -= p.length {
		b.lose()
	}
}

// lose counts the next packet as lost.
func (b *Buffer) lose() {
	b.play.seq++
	b.play.missed = b.play.missed<<1 | 1
	b.count.lost.Add(1)
}

// sound plays e, with those that follow it where they are short, shortened or
// lengthened towards the delay that is wanted.
func (b *Buffer) sound(e *entry, now pull) media.Slot {
	p := &b.play
	t := now.sounds()
	slot := media.Slot{
		Kind: media.Play, First: e.spurt != p.spurt,
		Opus: b.cells[e.cell].Opus, Lesser: b.cells[e.cell].Lesser,
	}
	n, length := b.gather()
	for i := 1; i < n; i++ {
		b.more[i-1] = b.cells[b.order[i].cell].Opus
	}
	slot.More, slot.Samples = b.more[:n-1], int(length)
	if p.on && p.concealed == 0 {
		took := t - p.since
		b.room -= max(took-p.slot, p.slot-took)
	}
	b.room = max(0, min(b.room+length/haste, maxHaste))
	if length >= frame {
		slot.Samples -= int(max(-b.room, min(b.surplus(e, length, now), b.room)))
	}

	b.settle(e, t)
	for range n - 1 {
		b.target.inTime()
	}
	b.count.played.Add(uint64(n))
	b.count.delay.Store(b.excess(e, t) + b.target.delay)
	last := &b.order[n-1]
	*p = position{
		on: true, spurt: e.spurt, seq: last.seq + 1, ts: last.ts + last.length, missed: p.missed << n,
		length: last.length, pausing: media.Pause(b.cells[last.cell].Opus),
		slot: length, since: t, end: t + max(length, int64(slot.Samples)),
	}
	for i := range n {
		b.held[i] = b.order[i].cell
	}
	b.holds = n
	b.queued -= n
	copy(b.order[:b.queued], b.order[n:])
	return slot
}

// gather is how many packets sound in the next slot, and how long: one, or those of
// 20 ms in all that have arrived and follow one another without a gap.
func (b *Buffer) gather() (n int, length int64) {
	e := &b.order[0]
	n, length = 1, e.length
	for n < b.queued {
		f := &b.order[n]
		follows := f.spurt == e.spurt && f.seq == e.seq+int64(n) && f.ts == e.ts+length
		if !follows || length+f.length > frame || media.Pause(b.cells[f.cell].Opus) ||
			b.cells[f.cell].Lesser != b.cells[e.cell].Lesser {
			break
		}
		n++
		length += f.length
	}
	return n, length
}

// surplus is by how much the frame may be shortened, or, negative, should be
// lengthened. A frame is asked for when the device asks for the period it begins
// in: what counts is how much longer than wanted it was held back then.
func (b *Buffer) surplus(e *entry, length int64, now pull) int64 {
	excess := b.excess(e, now.at)
	even := length%now.period == 0
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
		b.lose()
	}
	beat := p.beat()
	if behind := t - p.end - (e.ts - p.ts); behind >= beat/2 && (p.blind > 0 || p.rested > 0) {
		for range min((behind+beat/2)/beat, 25) {
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
