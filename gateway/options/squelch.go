package options

import (
	"fmt"
	"strconv"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
)

// detectorOf is what stands in for a COR line; nil where nothing does.
func detectorOf(cfg config.Talk) (squelch.Detector, error) {
	if v := cfg.VOX; v.Enabled {
		return detect.NewVOX(detect.VOXConfig{
			Threshold: float64(v.Threshold), Attack: v.Attack, PreRoll: v.PreRoll, Hang: v.Hang, AntiTrip: float64(v.AntiTrip),
		}), nil
	}
	if cfg.DCS != "off" {
		code, err := media.ParseDCS(cfg.DCS)
		if err != nil {
			return nil, fmt.Errorf("talk.dcs: %w", err)
		}
		return detect.NewDCS(code), nil
	}
	if cfg.CTCSS == "off" {
		return nil, nil
	}
	hz, err := strconv.ParseFloat(cfg.CTCSS, 64)
	if err != nil {
		return nil, fmt.Errorf("talk.ctcss: %w", err)
	}
	tone, err := detect.NewCTCSS(hz)
	if err != nil {
		return nil, fmt.Errorf("talk.ctcss: %w", err)
	}
	return tone, nil
}
