package hub

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// A console shows how the newest apply stands, by the same keys as the command
// line: tried by canaries, stopped by one, and who has it.
func TestConsoleShowsARollout(t *testing.T) {
	s := newSite(t)
	s.fleetStream(admin("boss"), "no rollout", func(f *fleetStream) bool { return f.overview.Redis && f.overview.Rollout == nil })

	a := fleetstore.Apply{Version: 7, Author: "anna", Time: time.Now(), Reason: "quieter tones",
		Rollout: &fleet.Rollout{Upto: 1 << 30, Canaries: 2, HoldSeconds: 60}, Scopes: []fleet.Scope{fleet.Group("gates")},
		Changes: []fleetstore.Change{{New: "a document"}}}
	if err := s.state.ApplyFleet(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	with := func(group string, applied fleet.Applied) func(*fleet.Report) {
		return func(r *fleet.Report) { r.Group, r.Applied = group, applied }
	}
	s.report("has-it", channelID, with("gates", fleet.Applied{Version: 7, Result: fleet.ResultApplied}))
	s.report("has-not", channelID, with("gates", fleet.Applied{Version: 6, Result: fleet.ResultApplied}))
	s.report("would-not", channelID, with("gates", fleet.Applied{Version: 6, Result: fleet.ResultRolledBack, Refused: 7}))
	s.report("not-meant", channelID, with("yards", fleet.Applied{}))
	if _, err := s.state.ReportCanary(t.Context(), 7, "has-it", ""); err != nil {
		t.Fatal(err)
	}
	s.fleetStream(dispatcher("d", channelID), "a canary that passed", func(f *fleetStream) bool {
		r := f.overview.Rollout
		return r != nil && r.Version == 7 && r.Author == "anna" && r.Reason == "quieter tones" && r.At > 0 && r.State == fleet.Trying &&
			r.Canaries == 2 && r.Passed == 1 && r.Covered == 3 && r.Applied == 1 && r.Failed == 1
	})
	if _, err := s.state.ReportCanary(t.Context(), 7, "would-not", "lost the link"); err != nil {
		t.Fatal(err)
	}
	s.fleetStream(admin("boss"), "why it was stopped", func(f *fleetStream) bool {
		r := f.overview.Rollout
		return r != nil && r.State == fleet.Halted && r.Why == "would-not: lost the link"
	})
}
