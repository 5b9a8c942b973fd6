package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

func admin(user string) *auth.Claims {
	return &auth.Claims{UserID: user, GlobalRole: string(redis.RoleAdmin)}
}

func TestFleetStreamsAreBounded(t *testing.T) {
	v := NewFleet(nil)
	var all []*FleetWatcher
	for range maxFleetStreams {
		all = append(all, v.Watch(admin("boss")))
	}
	if v.Watch(admin("boss")) != nil || v.Watch(admin("other")) == nil {
		t.Error("the bound is not the user's own")
	}
	v.Unwatch(all[0])
	if v.Watch(admin("boss")) == nil {
		t.Error("a stream that ended still counts")
	}
}

// However often gateways report, and however slow a reader is, it is told each
// of them once, and what did not change not at all.
func TestSlowConsoleIsToldTheNewest(t *testing.T) {
	v := NewFleet(nil)
	sight := func(id string, n int) fleet.Sighting {
		return fleet.Sighting{Gateway: id, Live: true, SeenAt: time.UnixMilli(int64(n)), Report: fleet.Report{Gateway: id, Channel: "ops"}}
	}
	var all []fleet.Sighting
	for i := range 1000 {
		all = append(all, sight(fmt.Sprint("g", i), 0))
	}
	v.onReports(fleetstore.ReportsView{Known: true, Whole: true, Sightings: all})
	w := v.Watch(admin("boss"))
	if n := v.news(w); len(n.Gateways) != 1000 {
		t.Fatalf("first %d gateways", len(n.Gateways))
	}
	v.onReports(fleetstore.ReportsView{Known: true, Whole: true, Sightings: all})
	for n := range 500 {
		v.onReports(fleetstore.ReportsView{Known: true, Sightings: []fleet.Sighting{sight("g7", n+1)}})
	}
	n := v.news(w)
	if len(n.Gateways) != 1 || !strings.Contains(string(n.Gateways[0]), `"seen":500,`) {
		t.Errorf("then %d gateways: %s", len(n.Gateways), n.Gateways)
	}
}
