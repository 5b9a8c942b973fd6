package demo

import (
	"context"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/fleet"
)

// reportEvery is how often a station reports to the fleet, which the console shows.
const reportEvery = time.Second

// attend reports the stations to the fleet until ctx ends, and then forgets them.
func (s *Site) attend(ctx context.Context) error {
	began := time.Now()
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		for _, st := range s.stations {
			if err := s.state.PutReport(ctx, st.report(time.Since(began)), 3*reportEvery); err != nil && ctx.Err() == nil {
				s.log("demo").Warn("a radio is missing on the console", "radio", st.name, "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	for _, st := range s.stations {
		if _, err := s.state.ForgetReport(bye, st.userID); err != nil {
			s.log("demo").Warn("a radio stays in Redis", "radio", st.name, "err", err)
		}
	}
	return nil
}

// report is the station as a gateway reports itself, up for so long.
func (st *station) report(up time.Duration) fleet.Report {
	now := st.port.Status()
	r := fleet.Report{
		Gateway: st.userID, Group: "demo", Name: st.name, Channel: st.channel, Version: "demo", At: time.Now(), Up: int64(up.Seconds()),
		Health: fleet.Health{OnAir: now.Lamps.Link, Summary: "on air on channel " + st.channel, Redis: now.Redis, Rights: now.Floor.Rights},
		Lamps:  fleet.Lamps(now.Lamps),
		Floor: fleet.Floor{
			State: strings.ToLower(now.Floor.Phase.String()), Why: port.Why(now.Floor), Holder: now.Holder,
			Sent: st.port.TalkStats().Sent, Heard: st.port.HeardStats().Spurts,
		},
		Levels: fleet.Levels{Mic: st.port.MicLevel().RMS(), Speaker: st.port.SpeakerLevel().RMS()},
		Link:   fleet.Link{Up: now.Link == port.NoFault},
	}
	if !r.Health.OnAir {
		r.Health.Summary = "not on air"
	}
	return r
}
