package status

import (
	"time"

	"github.com/talkgate/talkgate/gateway/build"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
)

// silence is a level of nothing, dBFS.
const silence = -96

// Absent is the report of a gateway that has no port yet, and the words why.
func Absent(cfg config.Config, why string, applied fleet.Applied) fleet.Report {
	return fleet.Report{
		Gateway: cfg.Identity.UserID,
		Group:   cfg.Fleet.Group,
		Name:    cfg.Identity.UserName,
		Channel: cfg.Channel,
		Monitor: cfg.Monitored(),
		Version: build.Version(),
		At:      time.Now(),
		Applied: applied,
		// Who reads it knows that Redis was there.
		Health: fleet.Health{Summary: why, Redis: true},
		Floor:  fleet.Floor{State: "idle"},
		Levels: fleet.Levels{Mic: silence, Speaker: silence},
	}
}
