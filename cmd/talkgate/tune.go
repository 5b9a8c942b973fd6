package main

import (
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// tuningOf is what of a configuration takes effect without a restart, but for the
// log's level. The error names the key whose file is of no use.
func tuningOf(cfg config.Config) (port.Tuning, error) {
	var opt port.Options
	if err := setTones(&opt, cfg.Audio); err != nil {
		return port.Tuning{}, err
	}
	t := port.Tuning{
		Talk: timingOf(cfg.Talk), Encoder: encoderOf(cfg.Audio), Levels: levelsOf(cfg),
		Tones: opt.Tones, TonesOnAir: opt.TonesOnAir, Roger: opt.Roger,
		Squelch: squelchTiming(cfg), Key: keyTiming(cfg.Key),
	}
	if b := cfg.Hardware.Board; b != nil {
		t.SpeakerGain = float64(b.Sound.Speaker.Gain)
	}
	return t, nil
}

func timingOf(cfg config.Talk) port.TalkTiming {
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

func encoderOf(cfg config.Audio) media.EncoderConfig {
	return media.EncoderConfig{
		Bitrate:      cfg.Bitrate,
		FEC:          cfg.ExpectedLoss > 0,
		ExpectedLoss: int(cfg.ExpectedLoss),
		Complexity:   cfg.Complexity,
		DTX:          cfg.DTX,
	}
}
