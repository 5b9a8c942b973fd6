package main

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
)

// silence is a level of nothing, dBFS.
const silence = -96

// absent is the report of a gateway that has no port yet, and the words why.
func absent(cfg config.Config, why string, applied fleet.Applied) fleet.Report {
	return fleet.Report{
		Gateway: cfg.Identity.UserID,
		Group:   cfg.Fleet.Group,
		Name:    cfg.Identity.UserName,
		Channel: cfg.Channel,
		Monitor: cfg.Monitored(),
		Version: ownVersion(),
		At:      time.Now(),
		Applied: applied,
		// Who reads it knows that Redis was there.
		Health: fleet.Health{Standing: why, Redis: true},
		Floor:  fleet.Floor{State: "idle"},
		Levels: fleet.Levels{Mic: silence, Speaker: silence},
	}
}

// reportAbsent reports the gateway as absent until waiting ends; what comes then
// reports for itself, but if the process, whose context is ctx, ends, too.
func (m *member) reportAbsent(ctx, waiting context.Context, store reportStore, why string) {
	began := time.Now()
	beat := newHeartbeat(store, func() fleet.Report {
		r := absent(m.local.Config, fleet.Line(why), m.agent.Applied())
		r.Up = int64(time.Since(began).Seconds())
		return r
	}, m.local.Status.Report, m.log)
	beat.keep(waiting)
	if ctx.Err() != nil {
		beat.goodbye(ctx)
	}
}
