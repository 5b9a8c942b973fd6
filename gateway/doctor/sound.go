package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

const (
	// trialTime is how long is recorded or played.
	trialTime = 3 * time.Second
	toneHertz = 1000
	toneLevel = 0.1 // -20 dBFS
)

// linkWait ends a link once it is up.
type linkWait struct {
	up     atomic.Bool
	cancel context.CancelFunc
}

// LinkUp implements gateway.LinkEvents.
func (l *linkWait) LinkUp() { l.up.Store(true); l.cancel() }

// LinkDown implements gateway.LinkEvents.
func (l *linkWait) LinkDown(error) {}

// Receive implements gateway.LinkEvents.
func (l *linkWait) Receive(media.Packet) {}

// Unheard implements port.LinkEvents.
func (l *linkWait) Unheard(string) { /* not of interest */ }

// record is what a microphone hears for a while.
func record(mic hal.Capture, d time.Duration) ([]int16, error) {
	pcm := make([]int16, samplesIn(d))
	for rest := pcm; len(rest) > 0; rest = rest[hal.PeriodSamples:] {
		if _, err := mic.Read(rest[:hal.PeriodSamples]); err != nil {
			return nil, err
		}
	}
	return pcm, nil
}

// samplesIn is a whole number of periods.
func samplesIn(d time.Duration) int {
	return int(d/(10*time.Millisecond)) * hal.PeriodSamples
}

// play gives a loudspeaker pcm, and comes back when it has been heard.
func play(ctx context.Context, speaker hal.Playback, pcm []int16) error {
	over := make(chan struct{})
	end := sync.OnceFunc(func() { close(over) })
	done := make(chan error, 1)
	go func() {
		next := 0
		done <- speaker.Play(func(period []int16) {
			n := copy(period, pcm[next:])
			clear(period[n:])
			if next += n; n == 0 {
				end()
			}
		})
	}()
	select {
	case <-over:
	case <-ctx.Done():
	case err := <-done:
		return err
	}
	err := speaker.Close()
	if played := <-done; !errors.Is(played, hal.ErrClosed) {
		err = errors.Join(err, played)
	}
	return err
}

// Tone plays a tone through the speaker for a moment.
func Tone(ctx context.Context, b daemon.Board, out io.Writer) error {
	pcm := make([]int16, samplesIn(trialTime))
	for i := range pcm {
		pcm[i] = int16(toneLevel * math.MaxInt16 * math.Sin(2*math.Pi*toneHertz*float64(i)/hal.SampleRate))
	}
	return playKeyed(ctx, b, pcm, out)
}

// Parrot plays back what it hears, at the level that would be sent.
func Parrot(ctx context.Context, cfg config.Config, b daemon.Board, out io.Writer) error {
	levels, err := level.New(options.Levels(cfg))
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "speak now, for three seconds")
	pcm, err := record(b.Mic, trialTime)
	if err != nil {
		return err
	}
	var meter media.Level
	meter.Measure(pcm)
	fmt.Fprintf(out, "heard %.0f dBFS (peak %.0f); listen\n", meter.RMS(), meter.Peak())
	levels.Process(pcm)
	return playKeyed(ctx, b, pcm, out)
}

// playKeyed plays with the amplifier enabled and the transmitter keyed, where there
// are any, and says what the readback shows.
func playKeyed(ctx context.Context, b daemon.Board, pcm []int16, out io.Writer) (err error) {
	for _, line := range []hal.Output{b.Amplifier, b.PTTOut} {
		if line == nil {
			continue
		}
		if err := line.Set(true); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, line.Set(false)) }()
	}
	if b.PTTOut != nil {
		fmt.Fprintln(out, "the transmitter is keyed")
	}
	err = play(ctx, b.Speaker, pcm)
	if b.PTTEcho != nil && err == nil {
		keyed, failed := b.PTTEcho.Active()
		if err = failed; !keyed && failed == nil {
			err = errors.New("the readback of PTT-out shows no transmission: see hardware.ptt_out, hardware.ptt_readback, and the wires")
		}
	}
	return err
}
