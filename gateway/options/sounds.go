package options

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media"
)

// Sound is what tells that a channel, the number of the selector's, was chosen.
func Sound(cfg config.Config, channel string, number int) ([]int16, error) {
	s, gain := cfg.Selector, float64(cfg.Audio.Tones.Gain)
	if s.Sounds != "" {
		path := filepath.Join(string(s.Sounds), channel+".wav")
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			pcm, err := ReadSound(path, maxTone)
			if err != nil {
				return nil, fmt.Errorf("selector.sounds: %w", err)
			}
			return pcm, nil
		}
	}
	switch s.Confirm {
	case "beeps":
		return media.Beeps(number, gain), nil
	case "morse":
		pcm, err := media.Morse(strconv.Itoa(number), media.MorseTone{WordsPerMinute: 20, Hertz: 800, Gain: gain})
		if err != nil {
			return nil, fmt.Errorf("selector.confirm: %w", err)
		}
		return pcm, nil
	}
	return nil, nil
}
