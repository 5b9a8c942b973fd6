package sound

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/gen2brain/alsa"

	"github.com/talkgate/talkgate/hal"
)

// stream is an open PCM device of the kernel: *alsa.PCM, or a test's.
type stream interface {
	// Wait returns true when the card has, or wants, a period.
	Wait(milliseconds int) (bool, error)
	// Timestamp is how many frames can be exchanged, and when that was so, on
	// CLOCK_MONOTONIC.
	Timestamp() (frames uint32, at time.Time, err error)
	Read(frames any) (int, error)
	Write(frames any) (int, error)
	// Delay is how many frames lie between Write and the loudspeaker.
	Delay() (int, error)
	Prepare() error
	Start() error
	Stop() error
	SetConfig(*alsa.Config) error
	Config() alsa.Config
	Close() error
}

const (
	// fullPeriods is how many periods of a loudspeaker's buffer are kept full, and so
	// the delay.
	fullPeriods = 2
	// maxFullPeriods is to where they grow on a board that runs late.
	maxFullPeriods = 4
	// defaultPeriod is the period of a Config without one.
	defaultPeriod = 10 * time.Millisecond
)

// bufferPeriods are lengths of a card's buffer, the best first. A long buffer costs
// no delay: it keeps what a late reader did not fetch yet, and shows an underrun that
// a short one hides, by wrapping around.
func bufferPeriods() []uint32 { return []uint32{32, 16, 8, 4, 3, 2} }

// rates are those a card is asked for, the best first.
func rates() []uint32 { return []uint32{hal.SampleRate, 96000, 44100, 32000, 24000, 16000, 8000} }

// openStream opens one side of a card with the first format, rate and buffer that the
// card can do.
func openStream(cfg Config, card card, side alsa.PcmFlag) (stream, error) {
	params, err := alsa.PcmParamsGet(uint(card.number), uint(cfg.Device), side)
	if err != nil {
		return nil, cfg.openError(err)
	}
	format, err := chooseFormat(params.FormatIsSupported)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cfg, err)
	}
	// The kernel always knows these two.
	lowest, _ := params.Min(alsa.SNDRV_PCM_HW_PARAM_RATE)
	highest, _ := params.Max(alsa.SNDRV_PCM_HW_PARAM_RATE)
	channels, _ := params.Min(alsa.SNDRV_PCM_HW_PARAM_CHANNELS)
	for _, rate := range rates() {
		if rate < lowest || rate > highest {
			continue
		}
		for _, count := range bufferPeriods() {
			wanted := alsa.Config{Format: format, Rate: rate, Channels: max(1, channels), PeriodCount: count, PeriodSize: cfg.periodFrames(rate)}
			pcm, err := open(card, cfg.Device, side, wanted)
			switch {
			case errors.Is(err, syscall.EINVAL):
				continue // the card cannot do this combination
			case err != nil:
				return nil, cfg.openError(err)
			case pcm.Rate() == rate:
				return pcm, nil
			}
			pcm.Close() // a rate between two of ours
		}
	}
	return nil, fmt.Errorf("%v: expected a sample rate of %v Hz, found only %d to %d Hz: choose another card", cfg, rates(), lowest, highest)
}

// open opens a PCM device, ready to start.
func open(card card, device int, side alsa.PcmFlag, cfg alsa.Config) (*alsa.PCM, error) {
	pcm, err := alsa.PcmOpen(uint(card.number), uint(device), side|alsa.PCM_MONOTONIC|alsa.PCM_NORESTART, &cfg)
	if err != nil {
		return nil, err
	}
	// The thresholds follow the period that the card chose.
	got := captures(pcm.Config())
	if side == alsa.PCM_OUT {
		got = plays(pcm.Config(), fullPeriods)
	}
	if err := errors.Join(pcm.SetConfig(&got), pcm.Prepare()); err != nil {
		return nil, errors.Join(err, pcm.Close())
	}
	return pcm, nil
}

// captures makes a stream wake its reader for each period, and stop when the buffer
// is full.
func captures(cfg alsa.Config) alsa.Config {
	cfg.AvailMin, cfg.StartThreshold, cfg.StopThreshold = cfg.PeriodSize, 1, cfg.PeriodSize*cfg.PeriodCount
	return cfg
}

// plays makes a stream start when so many periods of its buffer are full, wake its
// writer when one less is, and stop when none is.
func plays(cfg alsa.Config, full uint32) alsa.Config {
	full = min(full, cfg.PeriodCount)
	cfg.StartThreshold, cfg.StopThreshold = full*cfg.PeriodSize, cfg.PeriodSize*cfg.PeriodCount
	cfg.AvailMin = cfg.StopThreshold - (full-1)*cfg.PeriodSize
	return cfg
}

func (c Config) periodFrames(rate uint32) uint32 {
	period := c.Period
	if period == 0 {
		period = defaultPeriod
	}
	return uint32(period * time.Duration(rate) / time.Second)
}

// openError says what to do about a card that does not open.
func (c Config) openError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%v: expected this PCM device of the card, found none (%w): %w", c, err, hal.ErrGone)
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%v: another program uses it: end that program, such as PulseAudio or PipeWire, or set hardware.sound.player to oto: %w", c, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%v: add this user to the group audio: %w", c, err)
	}
	return fmt.Errorf("%v: %w", c, err)
}
