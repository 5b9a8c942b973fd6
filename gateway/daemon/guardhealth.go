package daemon

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/guard"
)

// ServeGuard runs a guard until ctx ends, and notifies the service manager of its health.
func ServeGuard(ctx context.Context, g *guard.Guard, log *slog.Logger) error {
	health := &guardHealth{guard: g, log: log}
	return runNotified(ctx, health, health.reload, log, g.Run)
}

// guardHealth is the health of a guard for its service manager.
type guardHealth struct {
	guard *guard.Guard
	log   *slog.Logger
	lists uint64
}

func (h *guardHealth) Stalled() []string {
	lists := h.guard.Status().Lists
	if lists == h.lists {
		return []string{"rooms"}
	}
	h.lists = lists
	return nil
}

func (h *guardHealth) Summary() (onAir bool, words string) {
	s := h.guard.Status()
	switch {
	case s.Connected:
		return true, fmt.Sprintf("%d rooms; %d times muted, %d times barred, %d times removed", s.Rooms, s.Mutes, s.Barred, s.Removed)
	case s.Lists == 0:
		return false, "starting"
	default:
		return false, "waiting for LiveKit: nothing is guarded"
	}
}

// Changed implements subject. A guard reports no changes: it is polled.
func (h *guardHealth) Changed() <-chan struct{} { return nil }

func (h *guardHealth) reload() {
	h.log.Info("a guard has nothing to reload; its flags need a restart")
}
