package options

import (
	"errors"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/redis"
)

// Port is what a configuration makes of a port. Hardware, channels, selector and Redis
// are the caller's. The error names each key whose file or value is of no use.
func Port(cfg config.Config) (opt port.Options, err error) {
	opt = port.Options{
		UserID:    cfg.Identity.UserID,
		UserName:  cfg.Identity.UserName,
		Role:      redis.Role(cfg.Identity.Role),
		Emergency: port.Emergency{Guard: cfg.Emergency.Guard, Gain: float64(cfg.Emergency.Gain)},
		Duck:      Duck(cfg),

		DeEmphasis: cfg.Audio.Microphone.DeEmphasis, PreEmphasis: cfg.Key.PreEmphasis,
	}
	var errs [5]error
	opt.Tuning, errs[0] = Tuning(cfg)
	opt.Detector, errs[1] = detectorOf(cfg.Talk)
	opt.Remote, errs[2] = remoteOf(cfg.Talk.DTMF)
	opt.Subtone, errs[3] = subtoneOf(cfg.Key)
	opt.Ident, errs[4] = identOf(cfg.Key.Ident)
	return opt, errors.Join(errs[:]...)
}

// Tuning is what of a configuration takes effect without a restart, but for the
// log's level. The error names each key whose file is of no use.
func Tuning(cfg config.Config) (t port.Tuning, err error) {
	t = port.Tuning{
		Talk: TalkTiming(cfg.Talk), Encoder: Encoder(cfg.Audio), Levels: Levels(cfg),
		Squelch: Squelch(cfg), Key: Key(cfg.Key),
	}
	if b := cfg.Hardware.Board; b != nil {
		t.SpeakerGain = float64(b.Sound.Speaker.Gain)
	}
	return t, setTones(&t, cfg.Audio)
}

// TalkTiming returns the times of a talk spurt.
func TalkTiming(cfg config.Talk) port.TalkTiming {
	return port.TalkTiming{
		Lease:          cfg.Lease,
		LockTTL:        cfg.LockTTL,
		MaxTalk:        cfg.MaxTalk,
		Warn:           cfg.Warn,
		Penalty:        cfg.Penalty,
		Budget:         cfg.Budget,
		BudgetWindow:   cfg.BudgetWindow,
		Queue:          cfg.Queue,
		RequestTimeout: cfg.RequestTimeout,
	}
}

// Encoder returns the settings of the Opus encoder.
func Encoder(cfg config.Audio) media.EncoderConfig {
	return media.EncoderConfig{
		Bitrate:      cfg.Bitrate,
		FEC:          cfg.ExpectedLoss > 0,
		ExpectedLoss: int(cfg.ExpectedLoss),
		Complexity:   cfg.Complexity,
		DTX:          cfg.DTX,
	}
}
