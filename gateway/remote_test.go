package gateway

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
)

// dialling is the sound of digits, 80 ms each and as much between them.
func dialling(digits string) []int16 {
	const step = media.SampleRate * 8 / 100
	pcm := make([]int16, 2*step*len(digits)+step)
	for n, digit := range digits {
		k := strings.IndexRune("123A456B789C*0#D", digit)
		low, high := []float64{697, 770, 852, 941}[k/4], []float64{1209, 1336, 1477, 1633}[k%4]
		for i := range step {
			t := 2 * math.Pi * float64(i) / media.SampleRate
			pcm[2*step*n+i] = int16(3000*math.Sin(low*t) + 3000*math.Sin(high*t))
		}
	}
	return pcm
}

// TestTalkIsLockedByDTMF: with a code talking is locked in mid-spurt, stays locked,
// and is freed; without one nothing is.
func TestTalkIsLockedByDTMF(t *testing.T) {
	inBubbleWith(t, func(o *Options) { o.Remote = detect.NewRemote([]string{"4711"}) }, func(w *world) {
		dial := func(digits string) {
			pcm := dialling(digits)
			from := w.radio.Mic.IndexAt(time.Now()) + 4800
			w.radio.Mic.Hear(func(index uint64, period []int16) {
				clear(period)
				for i := range period {
					if n := index + uint64(i); n >= from && n-from < uint64(len(pcm)) {
						period[i] = pcm[n-from]
					}
				}
			})
			w.pass(time.Duration(len(pcm))*time.Second/media.SampleRate + 300*time.Millisecond)
		}
		w.radio.Mic.Hear(sim.Silence())
		w.press()
		dial("*47122#")
		w.expect(floor.Talking, floor.NoReason)
		dial("*47112#")
		w.expect(floor.Idle, floor.NoReason)
		if !w.port.TalkLocked() || len(w.redis.held()) != 0 {
			t.Error("it is not locked, or the floor is still held")
		}
		w.release()
		asked := w.redis.requests
		w.press()
		w.pass(time.Second)
		if w.expect(floor.Idle, floor.NoReason); w.redis.requests != asked {
			t.Error("a locked port asked for the floor")
		}
		w.release()
		dial("*47113#")
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
		w.pass(time.Second)
	})
}
