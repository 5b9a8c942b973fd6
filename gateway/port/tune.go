package port

import (
	"errors"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

// longestRequest is how long an answer may be waited for while the port runs, whatever it
// was made with: the microphone's memory has room for that.
const longestRequest = time.Second

// longestReach is how long before a press its talk spurt may begin, as far as that is the
// squelch's.
const longestReach = time.Second

// reachOf is how much of what was said before a press a port keeps for its squelch.
func reachOf(opt Options) time.Duration {
	if opt.Hardware.COR == nil && opt.Detector == nil {
		return 0
	}
	return max(opt.Squelch.Reach(), longestReach)
}

// keyTiming is t with a Tail that covers the delay of the loudspeaker's card.
func keyTiming(t media.KeyTiming, hw Hardware) media.KeyTiming {
	t.Tail += hw.Speaker.Latency()
	return t
}

// audible are the tones that the loudspeaker may play: none where they would go on air.
func audible(t Tuning, hw Hardware) *media.Tones {
	if hw.PTTOut != nil && !t.TonesOnAir {
		return nil
	}
	return t.Tones
}

// Tune changes a port; any goroutine may. With an error, which names what is out of range,
// nothing is changed.
func (p *Port) Tune(t Tuning) error {
	if most := max(p.opt.Talk.RequestTimeout, longestRequest); t.Talk.RequestTimeout > most {
		return fmt.Errorf("port: the request timeout must be at most %v while the port runs, and is %v", most, t.Talk.RequestTimeout)
	}
	if most := reachOf(p.opt); most > 0 && t.Squelch.Reach() > most {
		return fmt.Errorf("port: the squelch may be open for at most %v before it talks while the port runs, and is to be for %v", most, t.Squelch.Reach())
	}
	made, err := t.make()
	if err != nil {
		return fmt.Errorf("port: %w", err)
	}
	p.timing.Store(&made.timing)
	p.capture.SetLevels(made.levels)
	p.inputs.Retime(t.Squelch)
	if p.transmitter != nil {
		p.transmitter.Retime(keyTiming(t.Key, p.opt.Hardware))
	}
	p.sender.SetVoice(made.voice)
	p.receiver.Playout().SetTones(audible(t, p.opt.Hardware))
	p.volume.Set(t.SpeakerGain)
	return nil
}

// tuned is what a Tuning is made into.
type tuned struct {
	timing pressTiming
	voice  sender.Voice
	levels *level.Chain
}

// make checks t. The error names what is missing or out of range.
func (t Tuning) make() (m tuned, err error) {
	if err := t.validate(); err != nil {
		return m, err
	}
	m.timing = pressTiming{t.Talk, media.SamplesTime(len(t.Roger))}
	m.voice.Roger = t.Roger
	if m.voice.Encoder, err = media.NewEncoder(t.Encoder); err != nil {
		return m, err
	}
	m.levels, err = level.New(t.Levels)
	return m, err
}

// pressTiming is the timing of one press.
type pressTiming struct {
	TalkTiming
	roger time.Duration
}

func (t Tuning) validate() error {
	var errs []error
	if n := media.SamplesTime(len(t.Roger)); n > MaxRoger {
		errs = append(errs, fmt.Errorf("the roger tone lasts %v; expected at most %v", n, MaxRoger))
	}
	if t.Talk.RequestTimeout <= 0 {
		errs = append(errs, errors.New("the request timeout is missing"))
	}
	if t.Talk.Lease <= 0 || t.Talk.LockTTL < 2*t.Talk.Lease {
		errs = append(errs, fmt.Errorf("the lock's TTL must be at least twice the lease, and is %v to %v", t.Talk.LockTTL, t.Talk.Lease))
	}
	return errors.Join(errs...)
}
