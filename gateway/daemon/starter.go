package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/fleet"
)

// starter is a port or, until there is one, the wait for its hardware. Its zero value
// waits for nothing yet.
type starter struct {
	port  atomic.Pointer[port.Port]
	looks atomic.Uint64
	lacks atomic.Pointer[string]
}

// missing is the hardware that is waited for, in words; empty is none.
func (s *starter) missing() string {
	if lacks := s.lacks.Load(); lacks != nil {
		return *lacks
	}
	return ""
}

func (s *starter) pulse() pulse.Counts {
	if p := s.port.Load(); p != nil {
		return p.Pulse()
	}
	var all pulse.Counts
	for part := range all {
		all[part] = s.looks.Load()
	}
	return all
}

// lookAgain is how often hardware that is missing is looked for.
const lookAgain = time.Second

// await opens hardware. It waits for what is missing until ctx ends. The alert lamp, if
// there is one, is lit meanwhile, and the log says what is missing.
func (s *starter) await(ctx context.Context, cfg config.Hardware, drivers Drivers, quit func(), log *slog.Logger) (Board, error) {
	for said := ""; ; {
		b, err := drivers.Hardware(cfg, quit)
		if err == nil {
			if said != "" {
				log.Info("the hardware is there")
				s.lacks.Store(nil)
			}
			return b, nil
		}
		if !errors.Is(err, hal.ErrGone) {
			return Board{}, err
		}
		if err.Error() != said {
			said = err.Error()
			words := fleet.Line(said)
			s.lacks.Store(&words)
			log.Warn("hardware is missing; waiting for it", "err", err)
		}
		end := drivers.ShowMissing(cfg)
		s.pause(ctx)
		end()
		if ctx.Err() != nil {
			return Board{}, ctx.Err()
		}
	}
}

// pause lies between two looks for hardware.
func (s *starter) pause(ctx context.Context) {
	s.looks.Add(1)
	select {
	case <-ctx.Done():
	case <-time.After(lookAgain):
	}
}
