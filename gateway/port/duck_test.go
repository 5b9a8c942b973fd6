package port

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// share is how much of a tone is in pcm, as an amplitude.
func share(hz float64, pcm []int16) float64 {
	re, im := 0.0, 0.0
	for i, s := range pcm {
		w := 2 * math.Pi * hz * float64(i) / media.SampleRate
		re, im = re+float64(s)*math.Cos(w), im+float64(s)*math.Sin(w)
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm))
}

// TestDucking: of two voices on a whole port both are heard, the lesser one by so
// many decibels softer while the other speaks.
func TestDucking(t *testing.T) {
	inBubbleWith(t, func(o *Options) { o.Duck, o.Hardware.PTTOut = -15, nil }, func(w *world) {
		var mu sync.Mutex
		var heard []int16
		w.radio.Speaker.SetTap(func(_ time.Time, period []int16) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, period...)
		})
		voices := [2]*media.Encoder{}
		for i := range voices {
			var err error
			if voices[i], err = media.NewEncoder(media.EncoderConfig{Complexity: 1}); err != nil {
				t.Fatal(err)
			}
		}
		pcm, opus := make([]int16, media.FrameSamples), make([]byte, media.MaxOpusFrame)
		n := uint32(0)
		say := func(voice int, hz float64, lesser bool) {
			sim.Tone(hz, -20, 0)(uint64(n)*media.FrameSamples, pcm)
			size, err := voices[voice].Encode(pcm, opus)
			if err != nil {
				t.Fatal(err)
			}
			w.link.events.Receive(media.Packet{Seq: uint16(n), Timestamp: n * media.FrameSamples, Arrived: time.Now(), Opus: opus[:size], Voice: voice, Lesser: lesser})
		}
		for n < 150 { // a second of one alone, of both, and of one alone
			both := n >= 50 && n < 100
			say(0, 400, both)
			if both {
				say(1, 1000, false)
			}
			n++
			w.pass(media.FrameDuration)
		}
		mu.Lock()
		defer mu.Unlock()
		part := func(from time.Duration) []int16 {
			i := int(from * media.SampleRate / time.Second)
			return heard[i : i+media.SampleRate/2]
		}
		alone, under, after := share(400, part(400*time.Millisecond)), share(400, part(1300*time.Millisecond)), share(400, part(2300*time.Millisecond))
		if dB := 20 * math.Log10(under/alone); math.Abs(dB+15) > 1 {
			t.Errorf("the lesser voice is at %.1f dB while the other speaks, want -15", dB)
		}
		if dB := 20 * math.Log10(after/alone); math.Abs(dB) > 1 {
			t.Errorf("the lesser voice is at %.1f dB after the other, want 0", dB)
		}
		if dB := 20 * math.Log10(share(1000, part(1300*time.Millisecond))/alone); math.Abs(dB) > 2 {
			t.Errorf("the more important voice is at %.1f dB, want 0", dB)
		}
	})
}
