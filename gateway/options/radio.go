package options

import (
	"fmt"
	"strconv"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/media"
)

// Key is what the configuration says about a transmitter.
func Key(cfg config.Key) media.KeyTiming {
	t := media.KeyTiming{
		Lead: cfg.Lead, Tail: cfg.Tail, Min: cfg.Min, Limit: cfg.Limit,
		DutyWindow: cfg.DutyWindow, CoolDown: cfg.CoolDown,
		Interlock: cfg.Interlock != "off",
	}
	if cfg.Duty < 100 {
		t.Duty = cfg.DutyWindow / 100 * time.Duration(cfg.Duty)
	}
	if cfg.Interlock == "hold" {
		t.Hold = cfg.Hold
	}
	return t
}

// subtoneOf is the CTCSS tone or DCS code of a transmitter; nil where it sends none.
func subtoneOf(cfg config.Key) (*media.Subtone, error) {
	if cfg.DCS != "off" {
		code, err := media.ParseDCS(cfg.DCS)
		if err != nil {
			return nil, fmt.Errorf("key.dcs: %w", err)
		}
		return media.NewDCS(code, float64(cfg.CTCSSLevel)), nil
	}
	if cfg.CTCSS == "off" {
		return nil, nil
	}
	hz, err := strconv.ParseFloat(cfg.CTCSS, 64)
	if err != nil {
		return nil, fmt.Errorf("key.ctcss: %w", err)
	}
	return media.NewSubtone(hz, float64(cfg.CTCSSLevel)), nil
}

// Squelch is what the configuration says about a radio's squelch.
func Squelch(cfg config.Config) squelch.Timing {
	s := cfg.Squelch
	t := squelch.Timing{
		OpenDelay: s.OpenDelay, Hang: s.Hang, Tail: s.Tail, Deaf: s.Deaf, Chatter: s.Chatter, ChatterTime: s.ChatterTime, Loop: s.Loop,
	}
	if b := cfg.Hardware.Board; b != nil {
		t.Late = b.COR.Glitch
	}
	return t
}

// Duck is by how many decibels the lesser of two voices is softer; 0 where one is
// heard at a time.
func Duck(cfg config.Config) float64 {
	if m := cfg.Audio.Monitor; m.Mode == "duck" && len(cfg.Monitored()) > 0 {
		return float64(m.Duck)
	}
	return 0
}
