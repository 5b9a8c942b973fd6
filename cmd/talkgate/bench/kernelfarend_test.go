//go:build hil

package bench

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/hil"
	"github.com/talkgate/talkgate/hal/sound"
)

// audibleAtCard is the level from which the far end hears something: -41 dBFS.
const audibleAtCard = 300

// farEnd is who is at the other end of the card's wires.
type farEnd struct {
	t     *testing.T
	loud  atomic.Bool // whether it speaks
	voice atomic.Pointer[voice]
	// echo plays back what is heard, as a loudspeaker right before the microphone.
	echo  atomic.Bool
	level atomic.Int64
	over  sync.WaitGroup
	close func()
	// xruns counts how often its own end of the card ran full or empty.
	xruns func() uint64

	mu   sync.Mutex
	ears []func(period []int16)
}

// voice is what is said: sample n of it.
type voice func(n int) float64

// tone is a sine of 440 Hz.
func tone(n int) float64 { return 8000 * math.Sin(2*math.Pi*440*float64(n)/hal.SampleRate) }

// plugIn connects the far end.
func (b *bench) plugIn() {
	b.T.Helper()
	far := &farEnd{t: b.T}
	far.say(tone)
	heard := make(chan [hal.PeriodSamples]int16, 32)
	cfg := sound.Config{Card: hil.Loopback, Device: 1}
	speaker, err := sound.OpenPlayback(cfg, sound.ALSA)
	if err != nil {
		b.T.Fatal(err)
	}
	mic, err := sound.OpenCapture(cfg, sound.ALSA)
	if err != nil {
		b.T.Fatal(err)
	}
	n := 0
	far.over.Go(func() {
		_ = speaker.Play(func(period []int16) {
			clear(period)
			select {
			case back := <-heard:
				if far.echo.Load() {
					copy(period, back[:])
				}
			default:
			}
			if !far.loud.Load() {
				return
			}
			say := *far.voice.Load()
			for i := range period {
				period[i] = int16(say(n))
				n++
			}
		})
	})
	far.over.Go(func() {
		period := make([]int16, hal.PeriodSamples)
		for {
			if _, err := mic.Read(period); err != nil {
				return
			}
			select {
			case heard <- [hal.PeriodSamples]int16(period):
			default:
			}
			level, _ := rough(period)
			far.level.Store(int64(level))
			far.mu.Lock()
			for _, ear := range far.ears {
				ear(period)
			}
			far.mu.Unlock()
		}
	})
	far.xruns = func() uint64 { return speaker.Xruns() + mic.Xruns() }
	far.close = sync.OnceFunc(func() { speaker.Close(); mic.Close(); far.over.Wait() })
	b.T.Cleanup(far.close)
	b.far = far
}

// say sets what is said while it is loud.
func (f *farEnd) say(v voice) { f.voice.Store(&v) }

// listen gives an ear each period that comes, loud or silent, from now on.
func (f *farEnd) listen(ear func(period []int16)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ears = append(f.ears, ear)
}

// hears waits until the far end hears something, or nothing.
func (f *farEnd) hears(something bool) {
	f.t.Helper()
	eventually(f.t, fmt.Sprint("heard at the card: ", something), func() bool { return (f.level.Load() > audibleAtCard) == something })
}
