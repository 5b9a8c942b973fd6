package status

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/state/fleet"
)

// Port is a port at an instant, for /status and the page.
type Port struct {
	Channel    string            `json:"channel"`
	UserID     string            `json:"userId"`
	UserName   string            `json:"userName"`
	Version    string            `json:"version"`
	Up         int64             `json:"upS"`
	Running    bool              `json:"running"` // not while it waits for its hardware: nothing else is tried then
	OnAir      bool              `json:"onAir"`
	Standing   string            `json:"standing"` // in words
	Faults     []Finding         `json:"faults"`   // the worst first
	State      string            `json:"state"`    // idle, requesting, waiting, talking, draining or refused
	Why        string            `json:"why,omitempty"`
	Redis      bool              `json:"redis"`
	Link       bool              `json:"link"`
	LinkFault  port.LinkFault    `json:"linkFault,omitempty"`
	KeyFault   port.KeyFault     `json:"keyFault,omitempty"`
	Squelch    port.SquelchStats `json:"squelch"`
	Keying     media.KeyStats    `json:"keying"` // times in nanoseconds
	Radio      port.RadioStatus  `json:"radio"`  // as the page shows it
	Lines      []lineStatus      `json:"lines"`  // those that are read
	Rights     bool              `json:"rights"`
	Holder     string            `json:"holder,omitempty"`
	HolderName string            `json:"holderName,omitempty"`
	Selector   []string          `json:"selector,omitempty"` // the channels that it chooses from
	Channels   []channelStatus   `json:"channels,omitempty"` // where several are heard
	Emergency  bool              `json:"emergency"`
	Lamps      hal.Lamps         `json:"lamps"`
	Talked     port.TalkStats    `json:"talked"`
	Heard      jitter.Stats      `json:"heard"` // delays in nanoseconds
	Speaker    float64           `json:"speakerDBFS"`
	Microphone micStatus         `json:"microphone"`
	Xruns      uint64            `json:"xruns"`
	RTT        float64           `json:"rttMs"` // 0 while it is not known
	Board      fleet.Board       `json:"board"`
}

// lineStatus is an input at an instant.
type lineStatus struct {
	Name   string `json:"name"`
	Active bool   `json:"active"`
	Says   string `json:"says"`
}

// PortOf is what there is to say, also while there is no port yet.
func PortOf(ctx context.Context, g *Gauges) Port {
	care := g.care
	running, hw := g.attached()
	s := Port{
		Channel: care.Channel(), UserID: g.cfg.Identity.UserID, UserName: g.cfg.Identity.UserName,
		Version: g.version, Up: int64(time.Since(g.began).Seconds()), Board: g.board.read(),
		State: "idle", Speaker: silence, Microphone: micStatus{RMS: silence, Peak: silence}, Radio: port.RadioStatus{Microphone: port.MicrophoneStatus{DBFS: silence}},
		Lines: []lineStatus{}, Selector: g.cfg.Selector.List(), RTT: Milliseconds(g.link.Quality().RTT),
	}
	now := care.Status.Load()
	s.Faults = g.faults(running, now, s.Board)
	s.OnAir, s.Standing = care.Standing()
	if running != nil {
		s.Talked, s.Heard, s.Speaker = running.TalkStats(), running.HeardStats(), running.SpeakerLevel().RMS()
		s.Microphone, s.Keying, s.Squelch, s.Radio = micStatusOf(running), running.KeyStats(), running.SquelchStats(), running.RadioStatus()
		s.Lines = readLines(hw)
		mic, speaker := g.xruns()
		s.Xruns = mic + speaker
	}
	if s.Running = now != nil; s.Running {
		s.State, s.Why = phaseWord(now.Floor.Phase), port.Why(now.Floor)
		s.Redis, s.Link, s.LinkFault, s.Rights = now.Redis, now.Floor.Link, now.Link, now.Floor.Rights
		s.KeyFault = now.Key
		s.Holder, s.HolderName, s.Lamps = now.Holder, now.HolderName, now.Lamps
		s.Channels = g.monitors.read(ctx, s.Channel, *now)
		s.Emergency = now.Emergency
	}
	return s
}

func readLines(hw port.Hardware) []lineStatus {
	all := []lineStatus{}
	for _, l := range LinesOf(hw) {
		s := lineStatus{Name: l.name, Says: "gone"}
		if active, err := l.In.Active(); err == nil {
			s.Active, s.Says = active, l.word(active)
		}
		all = append(all, s)
	}
	return all
}
