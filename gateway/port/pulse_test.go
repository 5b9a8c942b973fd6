package port

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/selector"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/redis"
)

// dam lets everything through until it is shut.
type dam struct{ gate atomic.Pointer[chan struct{}] }

func (d *dam) shut() { c := make(chan struct{}); d.gate.Store(&c) }
func (d *dam) open() { close(*d.gate.Swap(nil)) }
func (d *dam) pass() {
	if c := d.gate.Load(); c != nil {
		<-*c
	}
}

// watched is a line whose driver counts its turns, can be made to hang when it
// is asked, and can hold edges back.
type watched struct {
	*sim.Input
	dam     dam
	hung    atomic.Bool
	invert  atomic.Bool
	counted atomic.Uint64
}

func (w *watched) Active() (bool, error) {
	w.dam.pass()
	active, err := w.Input.Active()
	return active != w.invert.Load(), err
}

func (w *watched) Turns() uint64 {
	if w.hung.Load() {
		return w.counted.Load()
	}
	return w.counted.Add(1)
}

// hangingLink and hangingLock ignore every deadline once their dam is shut.
type hangingLink struct {
	*fakeLink
	dam dam
}

func (l *hangingLink) WriteOpus(opus []byte, timestamp uint32, first bool) error {
	l.dam.pass()
	return l.fakeLink.WriteOpus(opus, timestamp, first)
}

type hangingLock struct {
	*fakeRedis
	dam dam
}

func (l *hangingLock) Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error) {
	l.dam.pass()
	return l.fakeRedis.Acquire(ctx, cl)
}

// twoButtons is a selector of two channels.
func twoButtons(t *testing.T, lines []hal.Input) Selector {
	k, err := selector.New("buttons", 2)
	if err != nil {
		t.Fatal(err)
	}
	s, err := selector.Open(k, lines, 0, 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEachPartThatStallsIsNamed freezes every part in turn, and wants it and no
// other to be seen standing still, until it moves again.
func TestEachPartThatStallsIsNamed(t *testing.T) {
	type patient struct {
		*world
		busy busy
		line *watched
		cor  *watched
		knob *watched
		link *hangingLink
		lock *hangingLock
	}
	for _, tc := range []struct {
		name         string
		part         pulse.Part
		freeze, thaw func(*patient)
	}{
		{"line hangs", pulse.Inputs, func(p *patient) { p.line.dam.shut() }, func(p *patient) { p.line.dam.open() }},
		{"line is not followed", pulse.Inputs, func(p *patient) { p.line.hung.Store(true) }, func(p *patient) { p.line.hung.Store(false) }},
		{"line delivers no edges", pulse.Inputs, func(p *patient) { p.line.invert.Store(true) }, func(p *patient) { p.line.invert.Store(false) }},
		{"COR hangs", pulse.Inputs, func(p *patient) { p.cor.dam.shut() }, func(p *patient) { p.cor.dam.open() }},
		{"COR is not followed", pulse.Inputs, func(p *patient) { p.cor.hung.Store(true) }, func(p *patient) { p.cor.hung.Store(false) }},
		{"selector hangs", pulse.Selector, func(p *patient) { p.knob.dam.shut() }, func(p *patient) { p.knob.dam.open() }},
		{"selector is not followed", pulse.Selector, func(p *patient) { p.knob.hung.Store(true) }, func(p *patient) { p.knob.hung.Store(false) }},
		{"selector delivers no edges", pulse.Selector, func(p *patient) { p.knob.invert.Store(true) }, func(p *patient) { p.knob.invert.Store(false) }},
		{"microphone", pulse.Capture, func(p *patient) { p.radio.Mic.Freeze(true) }, func(p *patient) { p.radio.Mic.Freeze(false) }},
		{"loudspeaker", pulse.Playout, func(p *patient) { p.radio.Speaker.Freeze(true) }, func(p *patient) { p.radio.Speaker.Freeze(false) }},
		{"link", pulse.Sender, func(p *patient) { p.link.dam.shut(); p.press() }, func(p *patient) { p.link.dam.open() }},
		{"lock", pulse.Lock, func(p *patient) { p.lock.dam.shut(); p.press() }, func(p *patient) { p.lock.dam.open() }},
		{"decision", pulse.Actor, func(p *patient) { p.busy = make(busy); p.port.inbox.post(p.busy); p.press() }, func(p *patient) { close(p.busy) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, time.Millisecond)
				p := &patient{world: w, line: &watched{Input: w.radio.Button}, cor: &watched{Input: w.radio.COR}, knob: &watched{Input: sim.NewInput("down")}, link: &hangingLink{fakeLink: w.link}, lock: &hangingLock{fakeRedis: w.redis}}
				w.adapt = func(opt *Options) {
					opt.Hardware.PTT, opt.Hardware.COR, opt.Lock = p.line, p.cor, p.lock
					opt.Channels = []Channel{{ID: "c1", Link: p.link}, {ID: "c2", Link: p.link}}
					opt.Hardware.Selector = []hal.Input{sim.NewInput("up"), p.knob}
					opt.Selector = twoButtons(t, opt.Hardware.Selector)
				}
				w.start()
				stalled := func() []pulse.Part {
					w.pass(2 * pulse.Period) // what is under way comes to rest
					before := w.port.Pulse()
					w.pass(2 * pulse.Period)
					return w.port.Pulse().Stalled(before)
				}
				if got := stalled(); len(got) > 0 {
					t.Fatalf("at rest %v stand still", got)
				}
				tc.freeze(p)
				if got := stalled(); !slices.Equal(got, []pulse.Part{tc.part}) {
					t.Errorf("%v stand still, want %v", got, tc.part)
				}
				tc.thaw(p)
				w.release()
				if got := stalled(); len(got) > 0 {
					t.Errorf("thawed, %v stand still", got)
				}
				if err := w.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestABusyPortMoves: a talk spurt, a slow Redis and a link that is down are
// nothing that a restart would mend.
func TestABusyPortMoves(t *testing.T) {
	inBubble(t, 400*time.Millisecond, func(w *world) {
		before := w.port.Pulse()
		for range 20 {
			w.press()
			w.pass(3 * time.Second)
			w.release()
			w.pass(2 * time.Second)
			now := w.port.Pulse()
			if got := now.Stalled(before); len(got) > 0 {
				t.Fatalf("%v stand still", got)
			}
			before = now
		}
		w.link.events.LinkDown(ErrLinkDown)
		w.redis.set(func() { w.redis.lost = true })
		w.press()
		w.pass(5 * time.Second)
		if got := w.port.Pulse().Stalled(before); len(got) > 0 {
			t.Errorf("%v stand still without link and Redis", got)
		}
		w.release()
	})
}
