package options

import (
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media/level"
)

// Levels is what is done to the microphone of cfg.
func Levels(cfg config.Config) level.Config {
	mic := cfg.Audio.Microphone
	c := level.Config{HighPass: float64(mic.HighPass), Limit: mic.Limiter}
	if b := cfg.Hardware.Board; b != nil {
		c.Gain = float64(b.Sound.Microphone.Gain)
	}
	if mic.Gate.Enabled {
		c.Gate = float64(mic.Gate.Threshold)
	}
	if mic.AGC.Enabled {
		c.Target, c.MaxGain = float64(mic.AGC.Target), float64(mic.AGC.MaxGain)
	}
	return c
}
