package status

import (
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/state/fleet"
)

// Port is a port at an instant, for /status and the page.
type Port struct {
	Channel    string           `json:"channel"`
	UserID     string           `json:"userId"`
	UserName   string           `json:"userName"`
	Version    string           `json:"version"`
	Up         int64            `json:"upS"`
	Running    bool             `json:"running"` // not while it waits for its hardware: nothing else is tried then
	OnAir      bool             `json:"onAir"`
	Summary    string           `json:"summary"` // in words
	Faults     []Finding        `json:"faults"`  // the worst first
	State      string           `json:"state"`   // idle, requesting, waiting, talking, draining or refused
	Why        string           `json:"why,omitempty"`
	Redis      bool             `json:"redis"`
	Link       bool             `json:"link"`
	LinkFault  port.LinkFault   `json:"linkFault,omitempty"`
	KeyFault   output.KeyFault  `json:"keyFault,omitempty"`
	Squelch    squelch.Stats    `json:"squelch"`
	Keying     media.KeyStats   `json:"keying"` // times in nanoseconds
	Radio      port.RadioStatus `json:"radio"`  // as the page shows it
	Lines      []lineStatus     `json:"lines"`  // those that are read
	Rights     bool             `json:"rights"`
	Holder     string           `json:"holder,omitempty"`
	HolderName string           `json:"holderName,omitempty"`
	Selector   []string         `json:"selector,omitempty"` // the channels that it chooses from
	Channels   []channelStatus  `json:"channels,omitempty"` // where several are heard
	Emergency  bool             `json:"emergency"`
	Lamps      hal.Lamps        `json:"lamps"`
	Talked     sender.Stats     `json:"talked"`
	Heard      jitter.Stats     `json:"heard"` // delays in nanoseconds
	Speaker    float64          `json:"speakerDBFS"`
	Microphone micStatus        `json:"microphone"`
	Xruns      uint64           `json:"xruns"`
	RTT        float64          `json:"rttMs"`  // 0 while it is not known
	Copies     int              `json:"copies"` // of earlier packets that go along with each, while there is loss
	Token      Token            `json:"token"`
	Board      fleet.Board      `json:"board"`
}

// lineStatus is an input at an instant.
type lineStatus struct {
	Name   string `json:"name"`
	Active bool   `json:"active"`
	Says   string `json:"says"`
}

func readLines(hw port.Hardware) []lineStatus {
	all := []lineStatus{}
	for _, l := range LinesOf(hw) {
		s := lineStatus{Name: l.name, Says: "gone"}
		if active, err := l.In.Active(); err == nil && l.Missing() == nil {
			s.Active, s.Says = active, l.word(active)
		}
		all = append(all, s)
	}
	return all
}
