package options

import (
	"fmt"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media"
)

// identOf is how a port's transmitter identifies itself; nothing where it does not.
func identOf(cfg config.Ident) (media.Ident, error) {
	if cfg.Call == "" {
		return media.Ident{}, nil
	}
	sound, err := media.Morse(cfg.Call, media.MorseTone{WordsPerMinute: cfg.WPM, Hertz: float64(cfg.Pitch), Gain: float64(cfg.Gain)})
	if err != nil {
		return media.Ident{}, fmt.Errorf("key.ident: %w", err)
	}
	return media.Ident{Sound: sound, Every: cfg.Interval}, nil
}
