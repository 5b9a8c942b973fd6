package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/state/fleet"
)

// heart is what a service feels the pulse of: the port and, until there is one,
// the wait for its hardware.
type heart struct {
	port  atomic.Pointer[port.Port]
	looks atomic.Uint64
	lacks atomic.Pointer[string]
}

// missing is the hardware that is waited for, in words; empty is none.
func (h *heart) missing() string {
	if lacks := h.lacks.Load(); lacks != nil {
		return *lacks
	}
	return ""
}

func (h *heart) pulse() port.Pulse {
	if p := h.port.Load(); p != nil {
		return p.Pulse()
	}
	var all port.Pulse
	for part := range all {
		all[part] = h.looks.Load()
	}
	return all
}

// lookAgain is how often hardware that is missing is looked for.
const lookAgain = time.Second

// await opens hardware. What is not there it waits for, until ctx ends: the alert
// lamp, if there is one, is lit meanwhile, and the log says what is missing.
func (h *heart) await(ctx context.Context, cfg config.Hardware, log *slog.Logger, open func() (board, error)) (board, error) {
	for said := ""; ; {
		b, err := open()
		if err == nil {
			if said != "" {
				log.Info("the hardware is there")
				h.lacks.Store(nil)
			}
			return b, nil
		}
		if !errors.Is(err, hal.ErrGone) {
			return board{}, err
		}
		if err.Error() != said {
			said = err.Error()
			words := fleet.Line(said)
			h.lacks.Store(&words)
			log.Warn("hardware is missing; waiting for it", "err", err)
		}
		h.looks.Add(1)
		if err := showMissing(ctx, cfg.Board); err != nil {
			return board{}, err
		}
	}
}

// showMissing lights a board's alert lamp until it is time to look again.
func showMissing(ctx context.Context, cfg *config.BoardHardware) error {
	if cfg != nil {
		// The panel may be what is missing; then there is nothing to show it on.
		if panel, err := gpio.OpenPanel(panelLines(cfg.Lamps)); err == nil {
			defer panel.Close()
			_ = panel.Show(hal.Lamps{Alert: true})
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lookAgain):
		return nil
	}
}
