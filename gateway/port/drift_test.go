package port

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// beepEvery is how far apart the beeps are that a driftingCard's microphone hears,
// and beepLength how long each is, in samples of that card.
const (
	beepEvery  = 5 * hal.SampleRate
	beepLength = hal.SampleRate / 10
)

// driftingCard is a sound card whose crystal is fast or slow by a factor: its
// microphone hears beeps, its loudspeaker notes when it plays one. It implements
// hal.Capture and hal.Playback.
type driftingCard struct {
	start  time.Time
	factor float64
	done   chan struct{}
	closer sync.Once

	captured uint64 // of the goroutine that reads
	said     []time.Time
	heard    []time.Time
	loud     uint64 // sample of the loudspeaker that was loud last
}

func newDriftingCard(factor float64) *driftingCard {
	return &driftingCard{start: time.Now(), factor: factor, done: make(chan struct{})}
}

// at is when sample n is captured or played.
func (c *driftingCard) at(n uint64) time.Time {
	return c.start.Add(time.Duration(float64(n) / hal.SampleRate / c.factor * float64(time.Second)))
}

func (c *driftingCard) wait(n uint64) error {
	select {
	case <-c.done:
		return hal.ErrClosed
	case <-time.After(time.Until(c.at(n))):
		return nil
	}
}

func (c *driftingCard) Read(period []int16) (time.Time, error) {
	for i := range period {
		n := c.captured + uint64(i)
		period[i] = 0
		if in := n % beepEvery; n >= beepEvery && in < beepLength {
			if in == 0 {
				c.said = append(c.said, c.at(n))
			}
			period[i] = int16(8000 * math.Sin(2*math.Pi*1000*float64(n)/hal.SampleRate))
		}
	}
	c.captured += uint64(len(period))
	return c.at(c.captured), c.wait(c.captured)
}

func (c *driftingCard) Play(fill func([]int16)) error {
	period := make([]int16, hal.PeriodSamples)
	for n := uint64(0); ; n += hal.PeriodSamples {
		if err := c.wait(n); err != nil {
			return err
		}
		fill(period)
		for i, s := range period {
			if s < 2000 && s > -2000 {
				continue
			}
			now := n + uint64(i)
			if now > c.loud+beepEvery/2 {
				c.heard = append(c.heard, c.at(now+hal.PeriodSamples))
			}
			c.loud = now
		}
	}
}

func (c *driftingCard) Latency() time.Duration {
	return time.Second * hal.PeriodSamples / hal.SampleRate
}

func (c *driftingCard) Close() error {
	c.closer.Do(func() { close(c.done) })
	return nil
}

// TestDriftForTenMinutes has two ports talk to each other for ten minutes without
// a pause. The crystal of one card is wrong: by what is found on boards, and by far
// more. What is said is heard as soon at the end as at the start, at both.
func TestDriftForTenMinutes(t *testing.T) {
	length := 10 * time.Minute
	if testing.Short() {
		length = time.Minute
	}
	for _, skew := range []float64{-0.05, -200e-6, 200e-6, 0.05} {
		t.Run(fmt.Sprint(skew), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { driftFor(t, skew, length) })
		})
	}
}

func driftFor(t *testing.T, skew float64, length time.Duration) {
	const network = time.Millisecond
	ports := [2]*world{newWorld(t, time.Millisecond), newWorld(t, time.Millisecond)}
	cards := [2]*driftingCard{newDriftingCard(1), newDriftingCard(1 + skew)}
	for i, w := range ports {
		w.adapt = func(opt *Options) {
			opt.Hardware.Mic, opt.Hardware.Speaker, opt.Hardware.PTTOut = cards[i], cards[i], nil
			opt.Talk.MaxTalk = 0
		}
	}
	for i, w := range ports {
		w.start()
		other := ports[1-i]
		seq := uint16(0)
		w.link.forward = func(f frame) {
			p := media.Packet{Seq: seq, Timestamp: f.timestamp, Marker: f.first, Opus: f.opus}
			seq++
			time.AfterFunc(network, func() {
				p.Arrived = time.Now()
				other.link.events.Receive(p)
			})
		}
	}
	for _, w := range ports {
		w.press()
	}
	time.Sleep(length)
	for _, w := range ports {
		w.release()
		w.pass(time.Second)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	}
	for i := range ports {
		said, heard := cards[i].said, cards[1-i].heard
		// The last may have been cut off.
		if len(heard) < len(said)-1 || len(heard) > len(said) {
			t.Fatalf("%d beeps were said, %d heard", len(said), len(heard))
		}
		delays := make([]time.Duration, len(heard))
		for n := range heard {
			delays[n] = heard[n].Sub(said[n])
		}
		settled := delays[1:]
		first, last := slices.Max(settled[:5]), slices.Max(settled[len(settled)-5:])
		t.Logf("port %d to the other: %d beeps, delay at the start %v, at the end %v, at most %v", i, len(heard), first, last, slices.Max(delays))
		if last > first+20*time.Millisecond || slices.Max(settled) > 150*time.Millisecond {
			t.Errorf("port %d: the delay grows: %v", i, delays)
		}
	}
}
