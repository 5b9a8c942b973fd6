// Package echotest measures a channel server by an echo: it sends tones through encoder,
// link, jitter buffer and decoder, and measures what comes back.
package echotest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
)

const (
	// tones tones of toneTime are sent, one in each period. After the last one the test
	// waits for restTime for what comes back.
	tones    = 3
	toneTime = 300 * time.Millisecond
	period   = time.Second
	restTime = 1500 * time.Millisecond
	// upTime is how long the link may take to come up.
	upTime = 8 * time.Second
	hertz  = 1000.0
	peak   = 0.1414 // a sine of -20 dBFS
	// faint is the least peak of what comes back, of full scale 1 (-60 dBFS).
	faint = 0.001
)

// Result is how the tones came back.
type Result struct {
	// Delay is from the sample that goes into the encoder to the one that a card would
	// be given. The delay of the cards is not in it.
	Delay time.Duration
	// Level is the gain of the whole way, in dB.
	Level float64
	// Sent and Heard count packets.
	Sent, Heard int
}

// ErrSilence says that the link is up and no tone came back.
var ErrSilence = errors.New("the link is up, and no tone came back")

// Run runs link, which has to bring back what it is sent, and measures the echo. It takes
// five seconds. The error wraps a port.LinkFault if the link does not come up.
func Run(ctx context.Context, link port.Link, cfg media.EncoderConfig) (Result, error) {
	t, err := newTest(link, cfg)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- link.Run(ctx, t) }()
	defer func() { cancel(); <-ended }()
	timeout := time.NewTimer(upTime)
	defer timeout.Stop()
	select {
	case <-t.up:
	case <-timeout.C:
		if fault := t.fault.Load(); fault != nil {
			return Result{}, fmt.Errorf("the link does not come up: %w", *fault)
		}
		return Result{}, fmt.Errorf("the link does not come up within %v", upTime)
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	if err := t.run(ctx); err != nil {
		return Result{}, err
	}
	return t.result()
}

// test is the tones and their echo. It implements port.LinkEvents.
type test struct {
	link    port.Link
	enc     *media.Encoder
	jitter  *jitter.Buffer
	playout *media.Playout
	said    []int16 // all that is sent
	back    []int16 // what a card would have been given, from the same instant on
	sent    int

	up       chan struct{}
	fault    atomic.Pointer[error]
	received atomic.Int64
}

func newTest(link port.Link, cfg media.EncoderConfig) (*test, error) {
	cfg.DTX = false // Opus fades in after a pause, which would blur the beginning of a tone
	enc, err := media.NewEncoder(cfg)
	if err != nil {
		return nil, err
	}
	t := &test{link: link, enc: enc, jitter: jitter.New(jitter.Config{}), up: make(chan struct{}, 1)}
	if t.playout, err = media.NewPlayout(t.jitter, nil); err != nil {
		return nil, err
	}
	t.said = make([]int16, tones*samples(period))
	every, tone := samples(period), samples(toneTime)
	for i := range t.said {
		// Each period begins and ends with silence.
		if at := i%every - every/4; at >= 0 && at < tone {
			fade := min(1, float64(min(at, tone-at))/240)
			t.said[i] = int16(fade * peak * math.MaxInt16 * math.Sin(2*math.Pi*hertz*float64(at)/media.SampleRate))
		}
	}
	return t, nil
}

func samples(d time.Duration) int { return int(d * media.SampleRate / time.Second) }

// LinkUp implements port.LinkEvents.
func (t *test) LinkUp() {
	select {
	case t.up <- struct{}{}:
	default:
	}
}

// LinkDown implements port.LinkEvents.
func (t *test) LinkDown(reason error) { t.fault.Store(&reason) }

// Receive implements port.LinkEvents.
func (t *test) Receive(packet media.Packet) {
	t.received.Add(1)
	t.jitter.Push(packet)
}

// Unheard implements port.LinkEvents.
func (t *test) Unheard(string) { /* not of interest */ }

// run sends and plays, each at the pace of a card.
func (t *test) run(ctx context.Context) error {
	pace := time.NewTicker(media.SamplesTime(hal.PeriodSamples))
	defer pace.Stop()
	start := time.Now()
	var opus [media.MaxOpusFrame]byte
	total := len(t.said) + samples(restTime)
	for len(t.back) < total {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
		now := samples(time.Since(start))
		for at := t.sent * media.FrameSamples; at+media.FrameSamples <= min(now, len(t.said)); at += media.FrameSamples {
			n, err := t.enc.Encode(t.said[at:at+media.FrameSamples], opus[:])
			if err != nil {
				return fmt.Errorf("encode: %w", err)
			}
			_ = t.link.WriteOpus(opus[:n], uint32(at), t.sent == 0) // a lost frame does not come back
			t.sent++
		}
		for len(t.back)+hal.PeriodSamples <= now {
			var period [hal.PeriodSamples]int16
			t.playout.Fill(period[:])
			t.back = append(t.back, period[:]...)
		}
	}
	return nil
}

func (t *test) result() (Result, error) {
	r := Result{Sent: t.sent, Heard: int(t.received.Load())}
	said, heard := burstsOf(t.said), burstsOf(t.back)
	if len(heard) == 0 {
		return r, fmt.Errorf("%w: of %d packets %d did", ErrSilence, r.Sent, r.Heard)
	}
	if len(heard) != len(said) {
		return r, fmt.Errorf("of %d tones %d came back, of %d packets %d: the link loses too much", len(said), len(heard), r.Sent, r.Heard)
	}
	last := len(said) - 1 // by then the jitter buffer has adapted to the link
	r.Delay = media.SamplesTime(heard[last].from - said[last].from)
	r.Level = 20 * math.Log10(heard[last].level/said[last].level)
	return r, nil
}

// burst is one tone: its first sample, and how loud its middle is.
type burst struct {
	from  int
	level float64
}

// burstsOf finds the tones in pcm: what is above half of its peak, with silence between.
func burstsOf(pcm []int16) (all []burst) {
	top := 0
	for _, s := range pcm {
		top = max(top, int(s), -int(s))
	}
	if float64(top) < faint*math.MaxInt16 {
		return nil
	}
	const apart = media.SampleRate / 5
	last := -apart
	for i, s := range pcm {
		if v := max(int(s), -int(s)); 2*v < top {
			continue
		}
		if i-last >= apart {
			all = append(all, burst{from: i})
		}
		last = i
	}
	for i, b := range all {
		var meter float64
		middle := pcm[min(b.from+media.SampleRate/20, len(pcm)):min(b.from+media.SampleRate/5, len(pcm))]
		for _, s := range middle {
			meter += float64(s) * float64(s)
		}
		all[i].level = math.Sqrt(meter/float64(max(len(middle), 1))) + 1e-9
	}
	return all
}
