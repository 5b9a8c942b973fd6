package console

import (
	"github.com/talkgate/talkgate/state/fleet"
)

// Gateway is one gateway of the fleet, in the HTTP API. Times are in ms since
// 1970, levels in dBFS, quality in fractions and milliseconds.
type Gateway struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Group   string `json:"group"`
	Channel string `json:"channel"`
	// Monitor are the monitored channels, the most important first.
	Monitor []string `json:"monitor,omitempty"`
	Version string   `json:"version"`
	// Live is whether the heartbeat is recent. Seen is when it came, by the clock of
	// Redis. Error is why the report cannot be read.
	Live  bool   `json:"live"`
	Seen  int64  `json:"seen"`
	Error string `json:"error,omitempty"`
	Up    int64  `json:"up"`

	OnAir   bool     `json:"onAir"`
	Summary string   `json:"summary"`
	Stalled []string `json:"stalled,omitempty"`
	Rights  bool     `json:"rights"`
	Xruns   uint64   `json:"xruns"`

	Lamps fleet.Lamps `json:"lamps"`
	State string      `json:"state"`
	Why   string      `json:"why,omitempty"`
	Mic   float64     `json:"mic"`
	Level float64     `json:"speaker"`
	Link  fleet.Link  `json:"link"`

	Celsius   *float64 `json:"celsius,omitempty"`
	Throttled []string `json:"throttled,omitempty"`
	// Config is the version of the fleet's document in effect, zero for none.
	Config  uint64       `json:"config"`
	Result  fleet.Result `json:"configResult,omitempty"`
	Problem string       `json:"configError,omitempty"`
	// Refused is the version of a document that was refused or rolled back.
	Refused uint64 `json:"configRefused,omitempty"`
}

func gatewayOf(s fleet.Sighting) Gateway {
	r := s.Report
	g := Gateway{
		ID: s.Gateway, Name: r.Name, Group: r.Group, Channel: r.Channel, Monitor: r.Monitor, Version: r.Version,
		Live: s.Live, Seen: s.SeenAt.UnixMilli(), Up: r.Up,
		OnAir: s.Live && r.Health.OnAir, Summary: r.Health.Summary, Stalled: r.Health.Stalled, Rights: r.Health.Rights, Xruns: r.Health.Xruns,
		Lamps: r.Lamps, State: r.Floor.State, Why: r.Floor.Why, Mic: r.Levels.Mic, Level: r.Levels.Speaker, Link: r.Link,
		Celsius: r.Board.Celsius, Throttled: r.Board.Throttled.Now(),
		Config: r.Applied.Version, Result: r.Applied.Result, Problem: r.Applied.Error, Refused: r.Applied.Refused,
	}
	if s.Err != nil {
		g.Error = s.Err.Error()
	}
	if s.SeenAt.IsZero() {
		g.Seen = 0
	}
	if !s.Live { // what it showed last is over
		g.Lamps, g.Mic, g.Level, g.Link.Up = fleet.Lamps{}, silence, silence, false
	}
	return g
}

// silence is the level of digital silence, in dBFS.
const silence = -96
