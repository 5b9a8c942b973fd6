package port

import (
	"context"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/selector"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// slowLink takes a while to come up and to close.
type slowLink struct {
	fakeLink
	runs int
}

func (l *slowLink) Run(ctx context.Context, ev LinkEvents) error {
	l.runs++
	select {
	case <-time.After(80 * time.Millisecond):
		_ = l.fakeLink.Run(ctx, ev)
	case <-ctx.Done():
	}
	time.Sleep(200 * time.Millisecond)
	return nil
}

// desk is a port with a selector of three channels, of which it may talk on two.
type desk struct {
	*world
	t     *testing.T
	lines []*sim.Input
	links [3]slowLink
}

// atDesk runs body with a port whose selector is of a kind.
func atDesk(t *testing.T, kind string, lines int, body func(d *desk)) {
	d := &desk{t: t}
	inBubbleWith(t, func(o *Options) {
		var inputs []hal.Input
		for range lines {
			in := sim.NewInput("selector")
			d.lines, inputs = append(d.lines, in), append(inputs, in)
		}
		if kind == "bcd" {
			d.lines[0].Set(true)
			<-d.lines[0].Edges()
		}
		k, err := selector.New(kind, len(d.links))
		if err != nil {
			t.Fatal(err)
		}
		s, err := selector.Open(k, inputs, 0, 300*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		o.Selector, o.Channels = s, nil
		o.Hardware.Selector, o.Hardware.PTTOut = inputs, nil
		for i, id := range []string{"c1", "c2", "c3"} {
			o.Channels = append(o.Channels, Channel{ID: id, Link: &d.links[i]})
		}
	}, func(w *world) {
		d.world = w
		w.redis.rights(redis.Rights{Known: true, Channels: []string{"c1", "c2"}})
		w.pass(time.Second)
		body(d)
	})
}

// tap presses a button of the selector.
func (d *desk) tap(line int) {
	d.lines[line].Set(true)
	d.lines[line].Set(false)
	d.pass(time.Millisecond)
}

func (d *desk) onAir(channel string) {
	d.t.Helper()
	if s := d.now(); s.Channel != channel || !s.Lamps.Link || s.Link != NoFault {
		d.t.Fatalf("on %q, link lamp %v, fault %q; want to be on air on %q", s.Channel, s.Lamps.Link, s.Link, channel)
	}
}

// talks presses for a second and returns how many frames each channel got, and for
// which the floor was asked.
func (d *desk) talks() (frames [3]int, claimed string) {
	d.press()
	d.pass(500 * time.Millisecond)
	d.redis.mu.Lock()
	if d.redis.claim != nil {
		claimed = d.redis.claim.Channel
	}
	d.redis.mu.Unlock()
	d.pass(500 * time.Millisecond)
	d.release()
	d.pass(500 * time.Millisecond)
	return d.frames(), claimed
}

func (d *desk) frames() (frames [3]int) {
	for i := range d.links {
		frames[i] = len(d.links[i].take())
	}
	return frames
}

// TestSelectingAChannel: the port talks where the selector says, and only there.
func TestSelectingAChannel(t *testing.T) {
	atDesk(t, "buttons", 2, func(d *desk) {
		d.onAir("c1")
		if f, on := d.talks(); f[0] < 45 || f[1]+f[2] > 0 || on != "c1" {
			t.Fatalf("frames %v, floor of %q", f, on)
		}
		d.tap(0)
		d.pass(time.Second)
		d.onAir("c2")
		if f, on := d.talks(); f[1] < 45 || f[0]+f[2] > 0 || on != "c2" {
			t.Fatalf("frames %v, floor of %q", f, on)
		}
		d.tap(0)
		d.pass(time.Second)
		if s := d.now(); s.Channel != "c3" || s.Floor.Rights || s.Lamps.Link {
			t.Errorf("on c3, where it may not talk: %+v", s)
		}
		if f, on := d.talks(); f != [3]int{} || on != "" {
			t.Errorf("frames %v, floor of %q, without the right", f, on)
		}
		d.tap(1)
		d.pass(time.Second)
		d.onAir("c2")
	})
}

// TestSelectingCutsWhatIsSaid: from the moment the selector is moved nothing is sent,
// the floor is handed back, and only a fresh press talks on the new channel.
func TestSelectingCutsWhatIsSaid(t *testing.T) {
	atDesk(t, "buttons", 2, func(d *desk) {
		d.press()
		d.pass(500 * time.Millisecond)
		d.expect(floor.Talking, floor.NoReason)
		d.tap(0)
		d.frames()
		d.expect(floor.Refused, floor.NoLink)
		d.pass(100 * time.Millisecond)
		if held := d.redis.held(); len(held) > 0 {
			t.Error("the floor is still held")
		}
		for range 20 { // on the way, and there
			d.pass(100 * time.Millisecond)
			if f := d.frames(); f != [3]int{} {
				t.Fatalf("frames %v are sent by a press on another channel", f)
			}
		}
		d.onAir("c2")
		d.release()
		d.pass(100 * time.Millisecond)
		if f, on := d.talks(); f[1] < 45 || f[0]+f[2] > 0 || on != "c2" {
			t.Errorf("frames %v, floor of %q", f, on)
		}
	})
}

// TestTurningThereAndBack: what is passed on the way is not joined, and a channel that
// was not left keeps its link. No press on the way is heard anywhere.
func TestTurningThereAndBack(t *testing.T) {
	atDesk(t, "buttons", 2, func(d *desk) {
		for range 2 {
			d.tap(0)
			d.pass(100 * time.Millisecond)
		}
		d.press()
		d.pass(100 * time.Millisecond)
		d.expect(floor.Refused, floor.NoLink)
		d.release()
		d.tap(0)
		d.pass(time.Second)
		d.onAir("c1")
		if a, b, c := d.links[0].runs, d.links[1].runs, d.links[2].runs; a != 1 || b+c > 0 {
			t.Errorf("links were run %d, %d and %d times", a, b, c)
		}
		if f := d.frames(); f != [3]int{} {
			t.Errorf("frames %v", f)
		}
		if f, _ := d.talks(); f[0] < 45 {
			t.Errorf("frames %v after it", f)
		}
	})
}

// TestMovedWhileALinkCloses: the newest choice counts, and the one before it never
// gets the microphone.
func TestMovedWhileALinkCloses(t *testing.T) {
	atDesk(t, "buttons", 2, func(d *desk) {
		d.tap(0)
		d.pass(350 * time.Millisecond) // c1 closes
		d.tap(1)
		d.pass(240 * time.Millisecond) // c2 would be up by now
		d.press()
		for range 10 {
			d.pass(5 * time.Millisecond)
			if d.now().Floor.Phase == floor.Talking {
				t.Fatal("talks while the selector moves")
			}
		}
		d.release()
		d.pass(2 * time.Second)
		d.onAir("c1")
		if f, on := d.talks(); f[0] < 45 || f[1]+f[2] > 0 || on != "c1" {
			t.Errorf("frames %v, floor of %q", f, on)
		}
	})
}

// TestNoChannelAtThatPosition: the port is on none, says so, and does not talk.
func TestNoChannelAtThatPosition(t *testing.T) {
	atDesk(t, "bcd", 4, func(d *desk) {
		d.onAir("c1")
		d.lines[3].Set(true) // 9
		d.pass(time.Second)
		if s := d.now(); s.Channel != "" || s.Link != NoChannel || !s.Lamps.Alert || s.Lamps.Link {
			t.Errorf("at 9 of 3: %+v", s)
		}
		if f, on := d.talks(); f != [3]int{} || on != "" {
			t.Errorf("frames %v, floor of %q", f, on)
		}
		d.lines[0].Set(false)
		d.lines[1].Set(true)
		d.lines[3].Set(false)
		d.pass(time.Second)
		d.onAir("c2")
	})
}
