package port

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
)

const (
	// parrotTones tones of parrotTone are sent, one each parrotEvery, and what comes back
	// is waited for as long as parrotRest.
	parrotTones = 3
	parrotTone  = 300 * time.Millisecond
	parrotEvery = time.Second
	parrotRest  = 1500 * time.Millisecond
	// parrotUp is how long the link may take to come up.
	parrotUp    = 8 * time.Second
	parrotHertz = 1000.0
	parrotPeak  = 0.1414 // a sine of -20 dBFS
	// parrotFaint is the least peak of what comes back, of full scale 1 (-60 dBFS).
	parrotFaint = 0.001
)

// Echo is how a tone came back.
type Echo struct {
	// Delay is from the sample that goes into the encoder to the one that a card would
	// be given: without the cards' own.
	Delay time.Duration
	// Level is by how many dB it came back louder.
	Level float64
	// Sent and Heard are packets.
	Sent, Heard int
}

// ErrSilence says that the link is up, and that nothing came back.
var ErrSilence = errors.New("the link is up, and no tone came back")

// Parrot sends a tone by a link that brings back what it is given, through encoder,
// jitter buffer and decoder, and says how it comes back. It takes five seconds. The
// error wraps a LinkFault where the link does not come up.
func Parrot(ctx context.Context, link Link, cfg media.EncoderConfig) (Echo, error) {
	p, err := newParrot(link, cfg)
	if err != nil {
		return Echo{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- link.Run(ctx, p) }()
	defer func() { cancel(); <-ended }()
	patience := time.NewTimer(parrotUp)
	defer patience.Stop()
	select {
	case <-p.up:
	case <-patience.C:
		if fault := p.fault.Load(); fault != nil {
			return Echo{}, fmt.Errorf("the link does not come up: %w", *fault)
		}
		return Echo{}, fmt.Errorf("the link does not come up within %v", parrotUp)
	case <-ctx.Done():
		return Echo{}, ctx.Err()
	}
	if err := p.run(ctx); err != nil {
		return Echo{}, err
	}
	return p.judge()
}

// parrot is one tone and its echo. It implements LinkEvents.
type parrot struct {
	link    Link
	enc     *media.Encoder
	heard   *jitter.Buffer
	playout *media.Playout
	said    []int16 // all that is sent
	back    []int16 // what a card would have been given, from the same instant on
	sent    int

	up       chan struct{}
	fault    atomic.Pointer[error]
	received atomic.Int64
}

func newParrot(link Link, cfg media.EncoderConfig) (*parrot, error) {
	cfg.DTX = false // the beginning of a tone is timed, and Opus fades it in after a pause
	enc, err := media.NewEncoder(cfg)
	if err != nil {
		return nil, err
	}
	p := &parrot{link: link, enc: enc, heard: jitter.New(jitter.Config{}), up: make(chan struct{}, 1)}
	if p.playout, err = media.NewPlayout(p.heard, nil); err != nil {
		return nil, err
	}
	p.said = make([]int16, parrotTones*parrotEvery*media.SampleRate/time.Second)
	every, tone := int(parrotEvery*media.SampleRate/time.Second), int(parrotTone*media.SampleRate/time.Second)
	for i := range p.said {
		// Each second ends with silence, and begins with it.
		if at := i%every - every/4; at >= 0 && at < tone {
			fade := min(1, float64(min(at, tone-at))/240)
			p.said[i] = int16(fade * parrotPeak * math.MaxInt16 * math.Sin(2*math.Pi*parrotHertz*float64(at)/media.SampleRate))
		}
	}
	return p, nil
}

// LinkUp implements LinkEvents.
func (p *parrot) LinkUp() {
	select {
	case p.up <- struct{}{}:
	default:
	}
}

// LinkDown implements LinkEvents.
func (p *parrot) LinkDown(reason error) { p.fault.Store(&reason) }

// Receive implements LinkEvents.
func (p *parrot) Receive(packet media.Packet) {
	p.received.Add(1)
	p.heard.Push(packet)
}

// Emergency implements LinkEvents.
func (p *parrot) Emergency(bool) {}

// run sends and plays, each at the pace of a card.
func (p *parrot) run(ctx context.Context) error {
	pace := time.NewTicker(hal.PeriodSamples * time.Second / media.SampleRate)
	defer pace.Stop()
	start := time.Now()
	var opus [media.MaxOpusFrame]byte
	total := len(p.said) + int(parrotRest*media.SampleRate/time.Second)
	for len(p.back) < total {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
		now := int(time.Since(start) * media.SampleRate / time.Second)
		for at := p.sent * media.FrameSamples; at+media.FrameSamples <= min(now, len(p.said)); at += media.FrameSamples {
			n, err := p.enc.Encode(p.said[at:at+media.FrameSamples], opus[:])
			if err != nil {
				return fmt.Errorf("encode: %w", err)
			}
			_ = p.link.WriteOpus(opus[:n], uint32(at), p.sent == 0) // what is not sent does not come back
			p.sent++
		}
		for len(p.back)+hal.PeriodSamples <= now {
			var period [hal.PeriodSamples]int16
			p.playout.Fill(period[:])
			p.back = append(p.back, period[:]...)
		}
	}
	return nil
}

func (p *parrot) judge() (Echo, error) {
	e := Echo{Sent: p.sent, Heard: int(p.received.Load())}
	said, heard := tonesOf(p.said), tonesOf(p.back)
	if len(heard) == 0 {
		return e, fmt.Errorf("%w: of %d packets %d did", ErrSilence, e.Sent, e.Heard)
	}
	if len(heard) != len(said) {
		return e, fmt.Errorf("of %d tones %d came back, of %d packets %d: the link loses too much", len(said), len(heard), e.Sent, e.Heard)
	}
	last := len(said) - 1 // by then the jitter buffer knows its link
	e.Delay = samplesTime(heard[last].from - said[last].from)
	e.Level = 20 * math.Log10(heard[last].level/said[last].level)
	return e, nil
}

// burst is one tone: its first sample, and how loud its middle is.
type burst struct {
	from  int
	level float64
}

// tonesOf finds the tones in pcm: what is above half of its peak, with silence between.
func tonesOf(pcm []int16) (all []burst) {
	top := 0
	for _, s := range pcm {
		top = max(top, int(s), -int(s))
	}
	if float64(top) < parrotFaint*math.MaxInt16 {
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
