package port

import (
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

// wave is what a radio transmits, and what it hears: others who are keyed, while it is
// not.
type wave struct {
	*world
	sound *sim.Recorder
	hears func() []*wave // nil where the test itself moves the squelch
}

// squelchTakes is how long a squelch takes to open and to close.
const squelchTakes = 30 * time.Millisecond

// onWave lets the radio of w transmit, and hear those that hears tells.
func onWave(w *world, hears func() []*wave) *wave {
	a := &wave{world: w, sound: sim.NewRecorder(2 * time.Second), hears: hears}
	w.radio.Speaker.SetTap(a.sound.Tap)
	w.radio.Mic.Hear(func(index uint64, period []int16) {
		clear(period)
		for _, other := range a.heard() {
			late := 20 * time.Millisecond // the period that is just played is not yet there
			pcm, _ := other.sound.Since(w.radio.Mic.TimeOf(index).Add(-late))
			for i := range min(len(pcm), len(period)) {
				period[i] += pcm[i]
			}
		}
	})
	return a
}

// heard are those on the air whom it can hear.
func (a *wave) heard() (all []*wave) {
	if a.hears == nil || a.radio.PTTOut.Active() {
		return nil
	}
	for _, other := range a.hears() {
		if other.radio.PTTOut.Active() {
			all = append(all, other)
		}
	}
	return all
}

// keyed tells all radios that one was keyed or let go.
func keyed(all ...*wave) {
	for _, a := range all {
		a.radio.PTTOut.Watch(func(hal.Edge) {
			time.AfterFunc(squelchTakes, func() {
				for _, b := range all {
					if b.hears != nil {
						b.radio.COR.Set(len(b.heard()) > 0)
					}
				}
			})
		})
	}
}

// listener is a port as the channel serves it: in order, late by so much.
type listener struct {
	*world
	late time.Duration
	mu   sync.Mutex
	seq  uint16
	from uint32 // what is added to the timestamps of this talker
	last uint32
}

func (l *listener) receive(f frame) {
	l.mu.Lock()
	if f.first {
		l.from = l.last + 10*media.FrameSamples - f.timestamp
	}
	l.seq++
	l.last = f.timestamp + l.from
	p := media.Packet{Seq: l.seq, Timestamp: l.last, Marker: f.first, Opus: f.opus}
	l.mu.Unlock()
	time.AfterFunc(l.late, func() {
		p.Arrived = time.Now()
		l.link.events.Receive(p)
	})
}

// site is two ports on one channel, whose radios share a frequency: the second hears
// the channel later.
type site struct {
	ports [2]*world
	waves [2]*wave
	heard [2]*listener
}

// onOneFrequency runs body with two ports. adapt changes what each is made of.
func onOneFrequency(t *testing.T, late time.Duration, adapt func(i int, o *Options), body func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{}
		lock := newFakeRedis(time.Millisecond)
		for i := range s.ports {
			w := newWorld(t, 0)
			w.redis, w.key.Limit = lock, 0
			w.adapt = func(o *Options) {
				o.UserID = []string{"first", "second"}[i]
				o.Hardware.COR = w.radio.COR
				o.Squelch.Loop = 10 * time.Second
				adapt(i, o)
			}
			s.ports[i] = w
			s.waves[i] = onWave(w, func() []*wave { return []*wave{s.waves[1-i]} })
			s.heard[i] = &listener{world: w}
		}
		s.heard[1].late = late
		for i, w := range s.ports {
			w.link.forward = func(f frame) { s.heard[1-i].receive(f) }
		}
		keyed(s.waves[:]...)
		for _, w := range s.ports {
			w.start()
		}
		body(s)
		for _, w := range s.ports {
			if err := w.stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	})
}

// says lets a dispatcher say something on the channel for so long, with the floor.
func (s *site) says(source sim.Source, d time.Duration) {
	w := s.ports[0]
	w.redis.hold(&redis.Claim{UserID: "dispatcher", Token: "d"})
	enc, err := media.NewEncoder(media.EncoderConfig{Complexity: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	pcm, opus := make([]int16, media.FrameSamples), make([]byte, media.MaxOpusFrame)
	for i := range uint32(d / media.FrameDuration) {
		source(uint64(i)*media.FrameSamples, pcm)
		n, err := enc.Encode(pcm, opus)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, l := range s.heard {
			l.receive(frame{timestamp: i * media.FrameSamples, first: i == 0, opus: append([]byte(nil), opus[:n]...)})
		}
		w.pass(media.FrameDuration)
	}
	w.redis.hold(nil)
}

// held is how long somebody has the floor in the next d.
func (s *site) held(d time.Duration) (long time.Duration) {
	const step = 50 * time.Millisecond
	for range d / step {
		s.ports[0].pass(step)
		s.ports[0].redis.set(func() {
			if s.ports[0].redis.claim != nil {
				long += step
			}
		})
	}
	return long
}

// TestTwoGatewaysOnOneFrequency: the second transmits the end of what the dispatcher
// said when the first does not any more. The first hears it and says it to the channel,
// which the second transmits, and so on: for as long as one may talk, unless it
// is found.
func TestTwoGatewaysOnOneFrequency(t *testing.T) {
	const talk = 30 * time.Second
	for _, found := range []bool{false, true} {
		onOneFrequency(t, 500*time.Millisecond, func(_ int, o *Options) {
			o.Talk.MaxTalk = talk
			if !found {
				o.Squelch.Loop = 0
			}
		}, func(s *site) {
			s.says(sim.Speech(0), 1200*time.Millisecond)
			long := s.held(talk - 2*time.Second)
			first := s.ports[0]
			loops := first.port.SquelchStats()
			t.Logf("detector %v: the floor was held for %v after the dispatcher, %+v", found, long, loops)
			if !found {
				if long < talk-5*time.Second {
					t.Error("nothing circulates: the rest shows nothing")
				}
				return
			}
			if long > 5*time.Second || loops.Loops != 1 {
				t.Error("the loop was not opened up")
			}
			if n := first.port.Refusals()[floor.Looped]; n != 1 {
				t.Errorf("%d talk spurts were ended for it", n)
			}
		})
	}
}

// TestLoopOpenedUp: the alarm shows while the radio is not listened to; its button
// talks all the same; the next loop is opened for twice as long, and who talks on the
// radio later is heard.
func TestLoopOpenedUp(t *testing.T) {
	onOneFrequency(t, 0, func(i int, o *Options) {
		if i == 0 {
			o.Hardware.PTTOut = nil // it only hears, and all of it
		}
	}, func(s *site) {
		w := s.ports[0]
		for _, penalty := range []time.Duration{10 * time.Second, 20 * time.Second} {
			s.says(sim.Speech(0), 6*time.Second)
			if now := w.now(); !now.Looped || !now.Lamps.Alert || now.Floor.Phase != floor.Idle {
				t.Fatalf("looped %v, lamps %+v, %v", now.Looped, now.Lamps, now.Floor.Phase)
			}
			if s := w.port.RadioStatus().Squelch; s.State != "looped" {
				t.Errorf("the squelch is %s", s.State)
			}
			w.pass(time.Second)
			w.radio.COR.Set(true)
			w.pass(time.Second)
			w.expect(floor.Idle, floor.NoReason)
			w.press()
			w.pass(200 * time.Millisecond)
			w.expect(floor.Talking, floor.NoReason)
			w.release()
			w.pass(500 * time.Millisecond)
			w.expect(floor.Idle, floor.NoReason)
			w.radio.COR.Set(false)
			w.pass(penalty - 8*time.Second)
			if now := w.now(); !now.Looped {
				t.Errorf("the penalty of %v is over early", penalty)
			}
			w.pass(4 * time.Second)
			if now := w.now(); now.Looped || now.Lamps.Alert {
				t.Errorf("the penalty of %v does not end", penalty)
			}
		}
		w.radio.Mic.Hear(sim.Speech(0))
		w.radio.COR.Set(true)
		w.pass(5 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Set(false)
		w.pass(time.Second)
		if n := w.port.SquelchStats().Loops; n != 2 {
			t.Errorf("%d loops were found", n)
		}
	})
}

// TestSilentLoop: what circulates is a carrier without a sound. It is found by the
// squelch that opens with each transmission.
func TestSilentLoop(t *testing.T) {
	onOneFrequency(t, 500*time.Millisecond, func(_ int, o *Options) { o.Talk.MaxTalk = 2 * time.Second }, func(s *site) {
		for i := range 4 {
			s.says(sim.Silence(), time.Second)
			long := s.held(6 * time.Second)
			if opened := i >= squelch.LoopRow-1; opened != (long < time.Second) {
				t.Errorf("transmission %d: held for %v after it, %+v", i+1, long, s.ports[0].port.SquelchStats())
			}
		}
		if n := s.ports[0].port.SquelchStats().Loops; n != 1 {
			t.Errorf("%d loops were found", n)
		}
	})
}

// TestAnswersAreNoLoop: a radio's users answer the dispatcher at once, again and again.
func TestAnswersAreNoLoop(t *testing.T) {
	onOneFrequency(t, 0, func(int, *Options) {}, func(s *site) {
		s.waves[0].hears = nil
		w := s.ports[0]
		for range 6 {
			s.says(sim.Speech(0), 1500*time.Millisecond)
			for w.radio.PTTOut.Active() {
				w.pass(10 * time.Millisecond)
			}
			w.pass(300 * time.Millisecond)
			w.radio.Mic.Hear(sim.Speech(w.radio.Mic.IndexAt(time.Now())))
			w.radio.COR.Set(true)
			w.pass(2 * time.Second)
			w.expect(floor.Talking, floor.NoReason)
			w.radio.COR.Set(false)
			w.pass(time.Second)
		}
		if n := w.port.SquelchStats().Loops; n != 0 {
			t.Errorf("%d loops were found", n)
		}
	})
}

// TestDigitsAreNoLoop: who dials the same digits again says nothing to the channel.
func TestDigitsAreNoLoop(t *testing.T) {
	onOneFrequency(t, 0, func(_ int, o *Options) {
		o.Remote, o.Talk.MaxTalk = detect.NewRemote([]string{"4711"}), 10*time.Minute
	}, func(s *site) {
		s.waves[0].hears = nil
		w := s.ports[0]
		w.radio.Mic.Hear(sim.Silence())
		w.radio.COR.Set(true)
		for _, digits := range []string{"*47111#", "*471", "1111111111111111", "12"} {
			for _, pause := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond} {
				for range 8 {
					w.radio.Mic.Hear(sim.Dial(digits, w.radio.Mic.IndexAt(time.Now())))
					w.pass(time.Duration(sim.DialTime(digits))*time.Second/media.SampleRate + pause)
				}
				if n := w.port.SquelchStats().Loops; n != 0 {
					t.Fatalf("%s, and again after %v, is taken for a loop", digits, pause)
				}
			}
		}
		w.expect(floor.Talking, floor.NoReason)
		w.radio.COR.Set(false)
		w.pass(time.Second)
	})
}
