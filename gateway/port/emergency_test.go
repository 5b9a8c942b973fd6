package port

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// hold holds the emergency button, and lets it go.
func (w *world) hold(d time.Duration) {
	w.radio.Emergency.Set(true)
	w.pass(d)
	w.radio.Emergency.Set(false)
	w.pass(50 * time.Millisecond)
}

// TestEmergencyButton: held for its guard it talks to all, from then on, until it is
// held for the guard again; the push-to-talk has no part in it.
func TestEmergencyButton(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.hold(1990 * time.Millisecond)
		w.expect(floor.Idle, floor.NoReason)
		if n := len(w.link.take()); n > 0 || w.redis.requests > 0 {
			t.Fatalf("%d frames, %d requests before the guard was over", n, w.redis.requests)
		}
		w.redis.hold(dora)
		began := w.radio.Emergency.Set(true)
		w.pass(2100 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		guarded := w.radio.Mic.IndexAt(began.Add(2 * time.Second))
		if first := uint64(w.link.take()[0].timestamp); first+2*media.FrameSamples < guarded || first > guarded {
			t.Errorf("it begins at sample %d, the guard ended at %d", first, guarded)
		}
		if cl := w.redis.claim; !cl.Emergency || cl.Role != redis.RoleDispatch || cl.Channel != "c1" {
			t.Errorf("asked for by %+v", cl)
		}
		w.radio.Emergency.Set(false)
		w.press()
		w.pass(100 * time.Millisecond)
		w.release()
		w.pass(10 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		if n := len(w.link.take()); n < 500 {
			t.Errorf("%d frames in 10s", n)
		}
		w.hold(1900 * time.Millisecond) // a bump ends nothing
		w.expect(floor.Talking, floor.NoReason)
		w.hold(2 * time.Second)
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
		w.link.take()
		w.pass(time.Second)
		if n := len(w.link.take()); n > 0 || len(w.redis.held()) > 0 {
			t.Errorf("%d frames after the end", n)
		}
	})
}

// TestEmergencyInPlaceOfATalkSpurt ends that, and leaves no lock of it.
func TestEmergencyInPlaceOfATalkSpurt(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.press()
		w.pass(time.Second)
		w.hold(2 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		if !w.redis.claim.Emergency || len(w.redis.left) != 1 {
			t.Errorf("the lock is %+v, given back %v", w.redis.claim, w.redis.left)
		}
		w.hold(2 * time.Second)
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason) // though the push-to-talk is still held
		w.link.take()
		w.pass(time.Second)
		if n := len(w.link.take()); n > 0 {
			t.Errorf("%d frames after the end", n)
		}
		w.release()
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
		w.pass(time.Second)
	})
}

// TestEmergencyFailsClosed: whatever takes a talk spurt away takes an emergency
// away, and only the button begins another.
func TestEmergencyFailsClosed(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(w *world)
		after time.Duration // that it may still be heard
		why   floor.Reason
	}{
		"Redis is away":   {func(w *world) { w.redis.set(func() { w.redis.lost = true }) }, time.Second, floor.LeaseExpired},
		"right is lost":   {func(w *world) { w.redis.allow(false, true) }, 0, floor.Revoked},
		"link is lost":    {func(w *world) { w.link.events.LinkDown(ErrLinkDown) }, 0, floor.NoLink},
		"too long":        {func(w *world) { w.pass(time.Minute) }, 0, floor.TimedOut},
		"event is paused": {func(w *world) { w.redis.hold(nil) }, 400 * time.Millisecond, floor.Cleared},
		"DTMF locks it":   {func(w *world) { w.port.inbox.post(commandEvent(detect.LockTalk)); w.pass(time.Millisecond) }, 20 * time.Millisecond, floor.NoReason},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Millisecond, func(w *world) {
				w.hold(2 * time.Second)
				w.expect(floor.Talking, floor.NoReason)
				test.end(w)
				w.pass(test.after)
				w.link.take()
				w.pass(5 * time.Second)
				if n := len(w.link.take()); n > 0 {
					t.Errorf("%d frames later than %v after", n, test.after)
				}
				if s := w.now(); s.Floor.Why != test.why || s.Floor.MicOpen() {
					t.Errorf("it is %v (%v)", s.Floor.Phase, s.Floor.Why)
				}
				w.redis.set(func() { w.redis.lost = false })
			})
		})
	}
}

// TestEmergencyHeldAtStart does not count.
func TestEmergencyHeldAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Millisecond)
		w.radio.Emergency.Set(true)
		w.start()
		w.pass(10 * time.Second)
		w.expect(floor.Idle, floor.NoReason)
		w.radio.Emergency.Set(false)
		w.hold(2 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestEmergencyRefused is shown until the button is let go; held again it is asked
// for anew.
func TestEmergencyRefused(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.redis.set(func() { w.redis.allowed = false }) // a role that may not
		w.radio.Emergency.Set(true)
		w.pass(3 * time.Second)
		w.expect(floor.Refused, floor.NoRights)
		if s := w.now(); !s.Lamps.Alert || Why(s.Floor) != "no right to call an emergency here" {
			t.Errorf("shown: %+v, %q", s.Lamps, Why(s.Floor))
		}
		w.radio.Emergency.Set(false)
		w.pass(100 * time.Millisecond)
		w.expect(floor.Idle, floor.NoReason)
		w.redis.set(func() { w.redis.allowed = true })
		w.hold(2 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
	})
}

// louder is a loudspeaker whose gain can be changed.
type louder struct {
	hal.Playback
	mu    sync.Mutex
	gains []float64
}

func (l *louder) SetGain(gain float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gains = append(l.gains, gain)
}

var emergency = &redis.Claim{UserID: "u9", UserName: "Boss", Token: "t9", Channel: "c2", Emergency: true}

func (w *world) see(h *redis.Claim) {
	w.redis.hold(h)
	v := redis.FloorView{Known: true}
	if h != nil {
		holder := holderOf(h)
		v.Holder = &holder
	}
	w.redis.view(v)
}

// withAlarm runs body with a port whose loudspeaker has a gain, and has no tone but that
// of an emergency.
func withAlarm(t *testing.T, body func(*world, *louder)) {
	loud := &louder{}
	inBubbleWith(t, func(o *Options) {
		loud.Playback = o.Hardware.Speaker
		o.Hardware.Speaker, o.SpeakerGain, o.Emergency.Gain = loud, -30, -3
		o.Hardware.PTTOut = nil // tones are for the person at the port
		o.Tones = new(media.Tones)
		o.Tones[media.Emergency] = media.NewTones()[media.Emergency]
	}, func(w *world) { body(w, loud) })
}

// TestEmergencyOfAnother cuts who talks, lights the lamp, sounds the tone, and turns
// the loudspeaker up, until it is over.
func TestEmergencyOfAnother(t *testing.T) {
	withAlarm(t, func(w *world, loud *louder) {
		tones := 0
		var quiet time.Time
		w.radio.Speaker.SetTap(func(at time.Time, period []int16) {
			if slices.ContainsFunc(period, func(s int16) bool { return s != 0 }) {
				if at.Sub(quiet) > time.Second {
					tones++
				}
				quiet = at
			}
		})
		w.press()
		w.pass(time.Second)
		w.link.take()
		w.see(emergency)
		w.pass(2 * time.Millisecond) // a look at the lock
		w.link.take()
		w.pass(time.Second)
		w.expect(floor.Refused, floor.Preempted)
		if n := len(w.link.take()); n > 0 {
			t.Errorf("%d frames after the floor was taken", n)
		}
		if s := w.now(); !s.Lamps.Emergency || !s.Lamps.Busy || !s.Emergency || tones != 1 {
			t.Errorf("lamps %+v, %d tones", s.Lamps, tones)
		}
		if err := w.port.Tune(Tuning{Talk: testTiming, Encoder: media.EncoderConfig{Complexity: 1}, SpeakerGain: -40}); err != nil {
			t.Fatal(err)
		}
		w.release()
		w.press()
		w.pass(time.Second)
		w.expect(floor.Refused, floor.Busy)
		w.release()
		w.see(nil)
		w.pass(time.Second)
		if s := w.now(); s.Lamps.Emergency || s.Emergency || tones != 1 {
			t.Errorf("after the end: %+v, %d tones", s.Lamps, tones)
		}
		if want := []float64{-3, -3, -40}; !slices.Equal(loud.gains, want) {
			t.Errorf("gains %v, want %v", loud.gains, want)
		}
	})
}

// TestEmergencyOfAMonitoredChannel sounds the tone and turns the loudspeaker up; the
// port's own floor is nobody's meanwhile, and no lamp says otherwise. Its own emergency
// outlasts it, and the other way round.
func TestEmergencyOfAMonitoredChannel(t *testing.T) {
	withAlarm(t, func(w *world, loud *louder) {
		w.port.inbox.post(monitoredEvent(true))
		w.pass(100 * time.Millisecond)
		if w.port.SpeakerLevel().Peak() < -60 {
			t.Error("no tone")
		}
		if s := w.now(); s.Lamps.Emergency || s.Lamps.Busy || s.Emergency {
			t.Errorf("%+v", s)
		}
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
		w.pass(time.Second)
		w.port.inbox.post(monitoredEvent(false))
		w.pass(time.Second)
		w.see(emergency)
		w.pass(time.Second)
		w.port.inbox.post(monitoredEvent(true))
		w.pass(time.Second)
		w.see(nil)
		w.pass(time.Second)
		w.port.inbox.post(monitoredEvent(false))
		w.pass(time.Second)
		if want := []float64{-3, -30, -3, -3, -3, -30}; !slices.Equal(loud.gains, want) {
			t.Errorf("gains %v, want %v", loud.gains, want)
		}
	})
}

// TestEmergencyOfARadiosPort is heard whatever its squelch does, before and
// meanwhile: what it cuts off its own talk spurts it does not cut off here.
func TestEmergencyOfARadiosPort(t *testing.T) {
	withSquelch(t, squelch.Timing{Hang: 600 * time.Millisecond, Tail: 100 * time.Millisecond}, func(w *world) {
		w.radio.Mic.Hear(sim.Tone(700, -20, 0))
		w.radio.COR.Set(true)
		w.pass(time.Second)
		w.radio.COR.Set(false)
		w.pass(2 * time.Second)
		w.expect(floor.Idle, floor.NoReason)
		w.link.take()
		w.radio.Emergency.Set(true)
		w.pass(2 * time.Second)
		began := w.radio.Mic.IndexAt(time.Now())
		w.pass(500 * time.Millisecond)
		w.radio.COR.Set(true)
		w.pass(300 * time.Millisecond)
		w.radio.COR.Set(false)
		w.pass(2 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		frames := w.link.take()
		for at := began + 2000; at < began+2*media.SampleRate; at += 9600 {
			if top := loudness(t, frames, at, at+9600); top < 2000 {
				t.Fatalf("from sample %d of the emergency on it is at %d", at-began, top)
			}
		}
	})
}

// TestEmergencyEndsWithItsChannel: whoever turns the selector in an emergency has none
// any more, on no channel, until the button is held again; then it is of the channel
// that was chosen.
func TestEmergencyEndsWithItsChannel(t *testing.T) {
	atDesk(t, "buttons", 2, func(d *desk) {
		d.hold(2 * time.Second)
		d.expect(floor.Talking, floor.NoReason)
		d.frames()
		d.tap(0)
		d.frames()
		d.pass(3 * time.Second)
		d.onAir("c2")
		if n := d.frames(); n != [3]int{} {
			t.Errorf("%v frames after the selector was turned", n)
		}
		if len(d.redis.held()) > 0 {
			t.Error("its lock is left behind")
		}
		d.hold(2 * time.Second)
		d.expect(floor.Talking, floor.NoReason)
		if cl := d.redis.claim; !cl.Emergency || cl.Channel != "c2" {
			t.Errorf("asked for by %+v", cl)
		}
	})
}
