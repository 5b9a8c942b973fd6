package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

const (
	// hush is how long a loudspeaker must be silent for a talk spurt to be over.
	hush = 60 * time.Millisecond
	// memory is how much of what a loudspeaker plays is kept: a trial is judged
	// once it is over, which is waited for.
	memory = timeout + time.Second
	// faint is the amplitude, of 32767, below which a sample is silence.
	faint = 33
	// timeout is how long anything is waited for.
	timeout = 5 * time.Second
	// look is how often what is waited for is looked at.
	look = 5 * time.Millisecond
	// lastPlayed is when what arrived has been played, or never will be: a
	// jitter buffer does not hold on to it for so long.
	lastPlayed = time.Second
)

// pair is two radios on a channel of their own, and a witness who only listens.
// One goroutine tries them.
type pair struct {
	talker, listener *tested
	witness          *tape
	// setRights gives or takes the talk rights of a station the way a control
	// plane does, and returns when that is written and published.
	setRights func(ctx context.Context, s *station, held bool) error
	rnd       *rand.Rand
	lookahead int // of the encoder, in samples
	found     findings
}

// speak presses, talks and releases, at random phases of everything, and looks
// whether all of it was heard.
func (p *pair) speak(ctx context.Context) error {
	p.begin()
	if err := p.pause(ctx, 0, media.FrameDuration); err != nil {
		return err
	}
	stalls := p.stalls()
	mark, heardMark := p.talker.probe.sent.mark(), p.listener.probe.heard.mark()
	pressed := p.talker.radio.Button.Set(true)
	if talks, err := p.talks(ctx, mark); err != nil {
		return err
	} else if talks {
		if err := p.pause(ctx, 90*time.Millisecond, 130*time.Millisecond); err != nil {
			return err
		}
	}
	released := p.talker.radio.Button.Set(false)
	if err := p.settle(ctx, released); err != nil {
		return err
	}
	packets := p.talker.probe.sent.since(mark)
	if len(packets) == 0 {
		if p.stalls() != stalls {
			p.found.disturbed++
			return nil
		}
		p.found.fault("%s was pressed and sent nothing; it shows %+v", p.talker.name, p.talker.radio.Panel.Lamps())
		return nil
	}
	heard := p.evaluate(pressed, released, packets, p.listener.probe.heard.since(heardMark))
	if (heard.heard == 0 || heard.clipped != (Clipped{})) && p.stalls() != stalls {
		p.found.disturbed++
		return nil
	}
	p.found.add(heard)
	return nil
}

// evaluate finds what became of the samples between press and release. sent and
// arrived are the packets of that talk spurt at either end of the way.
func (p *pair) evaluate(pressed, released time.Time, sent, arrived []packet) findings {
	mic := p.talker.radio.Mic
	from, to := mic.IndexAt(pressed), mic.IndexAt(released)
	reference := make([]int16, to-from)
	p.talker.source(from, reference)
	f := findings{press: []time.Duration{sent[0].ended.Sub(pressed)}}

	// By the labels of the packets, exact but for one sample of rounding.
	late := int(int32(sent[0].timestamp - uint32(from)))
	end := sent[len(sent)-1].timestamp + media.FrameSamples - uint32(p.lookahead)
	f.clip("the labels of "+p.talker.name+"'s packets", late-1, int(int32(uint32(to)-end))-1)

	// By what arrived, as another implementation of Opus decodes it.
	pcm, err := decode(arrived)
	if err != nil {
		f.fault("%s was sent by %s what cannot be decoded: %v", p.listener.name, p.talker.name, err)
		return f
	}
	h, ok := listen(reference, pcm)
	f.clip("the packets that "+p.listener.name+" got", h.start-clipTolerance, h.end-clipTolerance)
	if place := p.lookahead - late; !ok || abs(h.first-place) > clipTolerance {
		f.fault("%s got speech of %s whose first sample is at %d, found %v, expected %d", p.listener.name, p.talker.name, h.first, ok, place)
		return f
	}

	// By the loudspeaker, behind a jitter buffer that may overlap up to a frame
	// with itself to save time.
	recording, at := p.listener.recorder.Since(pressed)
	h, ok = listen(reference, recording)
	f.clip("the loudspeaker of "+p.listener.name, h.start-media.FrameSamples, h.end-media.FrameSamples)
	if !ok {
		f.fault("%s did not hear %s", p.listener.name, p.talker.name)
		return f
	}
	f.heard++
	heardAt := func(place int) time.Time {
		return at.Add(time.Duration(place) * time.Second / hal.SampleRate)
	}
	f.mouthToEar = append(f.mouthToEar,
		heardAt(h.first).Sub(mic.TimeOf(from)), heardAt(h.last).Sub(mic.TimeOf(to)))
	return f
}

// revoke takes the rights away from a radio in the midst of its talk spurt, and
// looks what it sends afterwards.
func (p *pair) revoke(ctx context.Context) error {
	p.begin()
	stalls := p.stalls()
	mark, heardMark := p.talker.probe.sent.mark(), p.listener.probe.heard.mark()
	p.talker.radio.Button.Set(true)
	if talks, err := p.talks(ctx, mark); err != nil {
		return err
	} else if !talks {
		if p.stalls() != stalls {
			p.found.disturbed++
		} else {
			p.found.fault("%s was pressed and sent nothing; it shows %+v", p.talker.name, p.talker.radio.Panel.Lamps())
		}
		return p.settle(ctx, p.talker.radio.Button.Set(false))
	}
	if err := p.pause(ctx, media.FrameDuration, 4*media.FrameDuration); err != nil {
		return err
	}
	p.talker.lost.forget()
	asked := time.Now()
	if err := p.setRights(ctx, p.talker.station, false); err != nil {
		return err
	}
	if err := p.await(ctx, "read its revocation", p.talker.lost.known); err != nil {
		return err
	}
	if err := p.pause(ctx, 3*media.FrameDuration, 4*media.FrameDuration); err != nil {
		return err
	}
	dark := func() bool { return !p.talker.radio.Panel.Lamps().Talk }
	if err := p.await(ctx, "show that it may not talk", dark); err != nil {
		return err
	}
	p.found.silenced++
	p.found.add(silence(asked, p.talker.lost.at(), p.talker.probe.sent.since(mark), p.listener.probe.heard.since(heardMark)))
	p.talker.radio.Button.Set(false)
	if err := p.setRights(ctx, p.talker.station, true); err != nil {
		return err
	}
	return p.settle(ctx, time.Now())
}

// silence judges the end of a talk spurt whose revocation was asked for, and then
// read by the port. One packet may have passed the port's last check before it
// read and reach the socket after it.
func silence(asked, read time.Time, sent, heard []packet) findings {
	var f findings
	last := asked
	onItsWay := map[uint64]bool{}
	for _, s := range sent {
		if s.ended.After(last) {
			last = s.ended
		}
		switch {
		case !s.began.After(read):
			onItsWay[s.print] = true
		case f.inFlight == 0:
			f.inFlight = 1
			onItsWay[s.print] = true
		default:
			f.after++
		}
	}
	f.revoke = []time.Duration{last.Sub(asked)}
	astray := 0
	for _, h := range heard {
		if !onItsWay[h.print] {
			astray++
		}
	}
	f.after = max(f.after, astray)
	return f
}

// collide presses both radios at once: one talks, the other does not.
func (p *pair) collide(ctx context.Context) error {
	p.begin()
	stalls := p.stalls()
	p.talker.radio.Button.Set(true)
	if err := p.pause(ctx, 0, 2*time.Millisecond); err != nil {
		return err
	}
	p.listener.radio.Button.Set(true)
	if _, err := p.happens(ctx, func() bool { return p.talker.radio.Panel.Lamps().Talk || p.listener.radio.Panel.Lamps().Talk }); err != nil {
		return err
	}
	if err := p.pause(ctx, 80*time.Millisecond, 120*time.Millisecond); err != nil {
		return err
	}
	one, other := p.talker.radio.Panel.Lamps(), p.listener.radio.Panel.Lamps()
	switch {
	case one.Talk != other.Talk:
		p.found.collisions++
	case !one.Talk && p.stalls() != stalls:
		p.found.disturbed++
	default:
		p.found.fault("%s and %s were pressed at once and show %+v and %+v", p.talker.name, p.listener.name, one, other)
	}
	p.talker.radio.Button.Set(false)
	if err := p.pause(ctx, 0, media.FrameDuration); err != nil {
		return err
	}
	return p.settle(ctx, p.listener.radio.Button.Set(false))
}

// begin begins a trial; sometimes the other one talks.
func (p *pair) begin() {
	if p.rnd.IntN(2) == 0 {
		p.talker, p.listener = p.listener, p.talker
	}
	for _, t := range []*tested{p.talker, p.listener} {
		t.began, t.mark = time.Now(), t.probe.heard.mark()
	}
}

// stalls counts how often this machine was too late for the virtual cards.
func (p *pair) stalls() uint64 {
	return p.talker.radio.Mic.Overruns() + p.talker.radio.Speaker.Underruns() + p.listener.radio.Speaker.Underruns()
}
