package port

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// speakTo plays the part of another member: it talks for a while, through the
// link, and returns when the last packet has been sent.
func (w *world) speakTo(from uint32, d time.Duration) {
	w.t.Helper()
	enc, err := media.NewEncoder(media.EncoderConfig{Complexity: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	tone := sim.Tone(1000, -6, 0)
	pcm, opus := make([]int16, media.FrameSamples), make([]byte, media.MaxOpusFrame)
	for i := range uint32(d / media.FrameDuration) {
		tone(uint64(i)*media.FrameSamples, pcm)
		n, err := enc.Encode(pcm, opus)
		if err != nil {
			w.t.Fatal(err)
		}
		w.link.events.Receive(media.Packet{
			Seq: uint16(from + i), Timestamp: (from + i) * media.FrameSamples, Marker: i == 0,
			Arrived: time.Now(), Opus: opus[:n],
		})
		w.pass(media.FrameDuration)
	}
}

// onAir watches a transmitter: when it is keyed, and when the radio is given
// sound.
type onAir struct {
	mu          sync.Mutex
	keyed       bool
	edges       []hal.Edge
	first, last time.Time // of the sound
	unkeyed     int       // periods with sound that were not on the air
}

func (w *world) watchAir() *onAir {
	a := &onAir{}
	w.radio.PTTOut.Watch(func(e hal.Edge) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.keyed = e.Active
		a.edges = append(a.edges, e)
	})
	w.radio.Speaker.SetTap(func(at time.Time, period []int16) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, s := range period {
			if s > 1000 || s < -1000 {
				if a.first.IsZero() {
					a.first = at
				}
				a.last = at
				if !a.keyed {
					a.unkeyed++
				}
				return
			}
		}
	})
	return a
}

// TestTransmitterIsKeyedAroundSpeech: lead before the first syllable, tail after
// the last, and nothing clipped by either.
func TestTransmitterIsKeyedAroundSpeech(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.radio.Button.Set(false)
		for i := range uint32(5) {
			air := w.watchAir()
			w.pass(time.Duration(rand.Int64N(int64(20 * time.Millisecond))))
			w.speakTo(i*1000, time.Second)
			w.pass(2 * time.Second)
			if len(air.edges) != 2 || !air.edges[0].Active || air.edges[1].Active {
				t.Fatalf("keyed %v, want once on and off", air.edges)
			}
			if air.unkeyed > 0 {
				t.Errorf("%d periods were not on the air", air.unkeyed)
			}
			if lead := air.first.Sub(air.edges[0].At); lead < testKeying.Lead || lead > testKeying.Lead+50*time.Millisecond {
				t.Errorf("speech began %v after keying, the lead is %v", lead, testKeying.Lead)
			}
			if tail := air.edges[1].At.Sub(air.last); tail < testKeying.Tail || tail > testKeying.Tail+100*time.Millisecond {
				t.Errorf("unkeyed %v after the last of the speech, the tail is %v", tail, testKeying.Tail)
			}
			if said := air.last.Sub(air.first); said < 950*time.Millisecond {
				t.Errorf("%v of a second were on the air", said)
			}
		}
	})
}

// TestTransmitterIsNeverLeftKeyed: whatever ends or hangs while it is keyed.
func TestTransmitterIsNeverLeftKeyed(t *testing.T) {
	ends := map[string]func(w *world){
		"the card hangs":   func(w *world) { w.radio.Speaker.Freeze(true) },
		"the port ends":    func(w *world) { _ = w.stop() },
		"the card is gone": func(w *world) { w.radio.Speaker.Unplug() },
		"speech stops":     func(w *world) {},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, time.Millisecond)
				w.start()
				w.speakTo(0, 500*time.Millisecond)
				if !w.radio.PTTOut.Active() {
					t.Fatal("not keyed while there is speech")
				}
				end(w)
				w.pass(time.Second)
				if w.radio.PTTOut.Active() {
					t.Error("still keyed a second later")
				}
				w.radio.Speaker.Freeze(false)
				_ = w.stop()
			})
		})
	}
}

// TestTransmitterLimit: a channel that never falls silent does not hold the
// radio.
func TestTransmitterLimit(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		air := w.watchAir()
		w.speakTo(0, 2*testKeying.Limit)
		if w.radio.PTTOut.Active() {
			t.Error("still keyed beyond the limit")
		}
		if len(air.edges) != 2 {
			t.Fatalf("keyed %v, want once on and off", air.edges)
		}
		if keyed := air.edges[1].At.Sub(air.edges[0].At); keyed > testKeying.Limit+20*time.Millisecond {
			t.Errorf("keyed for %v, the limit is %v", keyed, testKeying.Limit)
		}
	})
}
