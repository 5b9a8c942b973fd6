package port

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// TestMouthToEar: with a network that takes a millisecond and a machine that
// takes no time, what is said is heard after the frame, the encoder's look-ahead,
// the cards' periods and what the jitter buffer must hold; nothing else adds to
// it, in the first talk spurt or a later one.
func TestMouthToEar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const network = time.Millisecond
		a, b := newWorld(t, time.Millisecond), newWorld(t, time.Millisecond)
		a.radio.Mic.Hear(sim.Silence())
		a.start()
		time.Sleep(3700 * time.Microsecond) // the cards are not in step
		b.key = media.KeyTiming{}
		b.start()
		var mu sync.Mutex
		var heard time.Time
		b.radio.Speaker.SetTap(func(at time.Time, period []int16) {
			mu.Lock()
			defer mu.Unlock()
			for i, s := range period {
				if (s > 2000 || s < -2000) && heard.IsZero() {
					heard = at.Add(time.Duration(i) * time.Second / media.SampleRate)
				}
			}
		})
		seq := uint16(0)
		a.link.forward = func(f frame) {
			p := media.Packet{Seq: seq, Timestamp: f.timestamp, Marker: f.first, Opus: f.opus}
			seq++
			time.AfterFunc(network, func() {
				p.Arrived = time.Now()
				b.link.events.Receive(p)
			})
		}
		for spurt := range 20 {
			a.pass(time.Duration(spurt) * 1900 * time.Microsecond)
			a.press()
			a.pass(500*time.Millisecond + time.Duration(spurt)*1300*time.Microsecond)
			said := a.radio.Mic.IndexAt(time.Now()) + 4800
			a.radio.Mic.Hear(sim.Tone(1000, -6, said))
			mu.Lock()
			heard = time.Time{}
			mu.Unlock()
			a.pass(500 * time.Millisecond)
			mu.Lock()
			delay := heard.Sub(a.radio.Mic.TimeOf(said))
			mu.Unlock()
			buffered := b.port.HeardStats().Delay
			t.Logf("spurt %2d: %v, of which the jitter buffer %v", spurt, delay, buffered)
			// A frame, the look-ahead, a period of the card to hand over and one to sound.
			if rest := delay - buffered; rest <= 0 || rest > 40*time.Millisecond {
				t.Errorf("spurt %d: %v beside the jitter buffer", spurt, rest)
			}
			if spurt == 19 && buffered > 5*time.Millisecond {
				t.Errorf("the jitter buffer still holds %v on a line without jitter", buffered)
			}
			a.radio.Mic.Hear(sim.Silence())
			a.release()
			a.pass(time.Second)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}
