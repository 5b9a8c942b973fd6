package port

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
)

// power is how much of pcm is of hz: 1 is all of it.
func power(pcm []int16, hz float64) float64 {
	var c, s, all float64
	for i, v := range pcm {
		w := 2 * math.Pi * hz * float64(i) / media.SampleRate
		c, s, all = c+float64(v)*math.Cos(w), s+float64(v)*math.Sin(w), all+float64(v)*float64(v)
	}
	if all == 0 {
		return 0
	}
	return 2 * (c*c + s*s) / float64(len(pcm)) / all
}

// beep is 200 ms of 2 kHz.
func beep() []int16 {
	pcm := make([]int16, media.SampleRate/5)
	sim.Tone(2000, -12, 0)(0, pcm)
	return pcm
}

// TestRogerIsSentAfterARelease: to its end, right after the last word, at the pace
// of speech, and what is said meanwhile is not sent. Whoever is cut off sends none.
func TestRogerIsSentAfterARelease(t *testing.T) {
	inBubbleWith(t, func(o *Options) { o.Roger = beep() }, func(w *world) {
		w.radio.Mic.Hear(sim.Tone(500, -12, 0))
		for range 10 {
			w.pass(3300 * time.Microsecond)
			w.press()
			w.pass(617 * time.Millisecond)
			released := w.release()
			to := w.radio.Mic.IndexAt(released)
			w.pass(time.Second)
			w.expect(floor.Idle, floor.NoReason)
			frames := w.link.take()
			pcm := heardOf(t, frames)
			said := int(to-uint64(frames[0].timestamp)) + w.port.sender.Lookahead()
			if said+len(beep()) > len(pcm) {
				t.Fatalf("%d samples were sent, of which %d are speech: the roger is %d", len(pcm), said, len(beep()))
			}
			if p := power(pcm[said-4800:said-480], 500); p < 0.9 {
				t.Errorf("before the release %.2f is speech", p)
			}
			if p := power(pcm[said+480:said+len(beep())-480], 2000); p < 0.9 {
				t.Errorf("after the release %.2f is the roger", p)
			}
			last := frames[len(frames)-1].at.Sub(released)
			if want := 200 * time.Millisecond; last < want-40*time.Millisecond || last > want+60*time.Millisecond {
				t.Errorf("the last frame comes %v after the release, the roger lasts %v", last, want)
			}
		}
		w.press()
		w.pass(500 * time.Millisecond)
		w.link.take()
		w.redis.allow(false, true)
		w.pass(time.Second)
		if n := len(w.link.take()); n > 0 {
			t.Errorf("%d frames after a revocation", n)
		}
		w.release()
	})
}

// TestTonesStayOffTheAir: a port whose loudspeaker is a transmitter plays tones
// only if it is told to, and then keys for them.
func TestTonesStayOffTheAir(t *testing.T) {
	for _, onAir := range []bool{false, true} {
		inBubbleWith(t, func(o *Options) { o.Tones, o.TonesOnAir = media.NewTones(), onAir }, func(w *world) {
			w.pass(time.Second) // the link came up
			air := w.watchAir()
			w.redis.allow(false, true)
			w.press()
			w.pass(time.Second)
			w.release()
			w.pass(time.Second)
			if onAir {
				if len(air.edges) != 2 || air.unkeyed > 0 || air.first.IsZero() {
					t.Errorf("on air: keyed %v, %d periods of the tone were not on the air", air.edges, air.unkeyed)
				}
			} else if len(air.edges) > 0 || !air.first.IsZero() {
				t.Errorf("keyed %v, a tone at %v", air.edges, air.first)
			}
		})
	}
}

// TestLinkTones: the port says that its channel is there, and that it is gone.
func TestLinkTones(t *testing.T) {
	tones := media.NewTones()
	for _, tone := range []media.Tone{media.Permit, media.Deny, media.Busy, media.Revoked, media.Released, media.Warning} {
		tones[tone] = nil
	}
	inBubbleWith(t, func(o *Options) { o.Tones, o.Hardware.PTTOut = tones, nil }, func(w *world) {
		w.pass(time.Second)
		var mu sync.Mutex
		var heard []int16
		w.radio.Speaker.SetTap(func(_ time.Time, period []int16) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, period...)
		})
		take := func() (pcm []int16) {
			mu.Lock()
			defer mu.Unlock()
			for len(heard) > 0 && heard[0] == 0 {
				heard = heard[1:]
			}
			pcm, heard = heard, nil
			return pcm
		}
		w.link.events.LinkDown(nil)
		w.pass(time.Second)
		if got := take(); len(got) < 5000 || power(got[:3000], 784) < 0.9 {
			t.Error("the loss of the link is not told of")
		}
		w.link.events.LinkUp()
		w.pass(time.Second)
		if got := take(); len(got) < 5000 || power(got[:3000], 523) < 0.9 {
			t.Error("the return of the link is not told of")
		}
		w.press()
		w.pass(time.Second)
		w.release()
		w.pass(time.Second)
		if len(take()) > 0 {
			t.Error("a tone that is off sounds")
		}
	})
}
