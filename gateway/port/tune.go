package port

import (
	"errors"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

// Tuning is what of a port can be changed while it runs, without a gap in what is
// said or heard.
type Tuning struct {
	// Talk counts from the next press on.
	Talk TalkTiming
	// Encoder counts from the next talk spurt on.
	Encoder media.EncoderConfig
	// Tones count from the next tone on; nil plays none.
	Tones *media.Tones
	// TonesOnAir lets the tones key a transmitter, from the next tone on. Without it a
	// port that has a transmitter plays none: its loudspeaker is the air.
	TonesOnAir bool
	// Roger is sent to the channel after each talk spurt that was released, at most
	// MaxRoger of it, from the next talk spurt on; nil sends nothing.
	Roger []int16
	// Levels are of the microphone, and count from the end of a talk spurt on.
	Levels level.Config
	// Squelch counts once the squelch is closed, but for its Tail and Late, which stay
	// as they were made.
	Squelch SquelchTiming
	// Key counts once the transmitter is let go, and has Tail, Min, Limit and CoolDown.
	Key media.KeyTiming
	// SpeakerGain is what the loudspeaker is set to, in decibels. It counts at once, on a
	// card whose gain can be changed (hal.Gainer).
	SpeakerGain float64
}

// longestRequest is how long an answer may be waited for, whatever the port was
// made with: the microphone's memory has room for that.
const longestRequest = time.Second

// longestReach is how long before a press what it sends may begin, as far as that is
// the squelch's.
const longestReach = time.Second

// reachOf is how much of what was said before a press a port keeps for its squelch.
func reachOf(opt Options) time.Duration {
	if opt.Hardware.COR == nil && opt.Ear == nil {
		return 0
	}
	return max(opt.Squelch.reach(), longestReach)
}

// keyTiming is t as the transmitter keeps it.
func (p *Port) keyTiming(t media.KeyTiming) media.KeyTiming {
	t.Tail += p.opt.Hardware.Speaker.Latency() // what was given is not yet heard
	return t
}

// Tune changes a port; any goroutine may. With an error, which names what is out
// of range, nothing is changed.
func (p *Port) Tune(t Tuning) error {
	if err := t.Talk.validate(); err != nil {
		return fmt.Errorf("port: %w", err)
	}
	if most := max(p.opt.Talk.RequestTimeout, longestRequest); t.Talk.RequestTimeout > most {
		return fmt.Errorf("port: the request timeout must be at most %v while the port runs, and is %v", most, t.Talk.RequestTimeout)
	}
	if most := reachOf(p.opt); most > 0 && t.Squelch.reach() > most {
		return fmt.Errorf("port: the squelch may be open for at most %v before it talks while the port runs, and is to be for %v", most, t.Squelch.reach())
	}
	enc, err := media.NewEncoder(t.Encoder)
	if err != nil {
		return fmt.Errorf("port: %w", err)
	}
	levels, err := level.New(t.Levels)
	if err != nil {
		return fmt.Errorf("port: %w", err)
	}
	if err := validateRoger(t.Roger); err != nil {
		return fmt.Errorf("port: %w", err)
	}
	p.timing.Store(&pressTiming{t.Talk, samplesTime(len(t.Roger))})
	p.relevel.Store(levels)
	p.squelching.Store(&t.Squelch)
	if p.transmitter != nil {
		timing := p.keyTiming(t.Key)
		p.transmitter.retimed.Store(&timing)
	}
	p.talker.speakWith(voice{enc, t.Roger})
	p.playout.SetTones(p.audible(t.Tones, t.TonesOnAir))
	p.volume.set(t.SpeakerGain)
	return nil
}

// pressTiming is the timing of one press.
type pressTiming struct {
	TalkTiming
	roger time.Duration
}

func (t TalkTiming) validate() error {
	var errs []error
	if t.RequestTimeout <= 0 {
		errs = append(errs, errors.New("the request timeout is missing"))
	}
	if t.Lease <= 0 || t.LockTTL < 2*t.Lease {
		errs = append(errs, fmt.Errorf("the lock's TTL must be at least twice the lease, and is %v to %v", t.LockTTL, t.Lease))
	}
	return errors.Join(errs...)
}
