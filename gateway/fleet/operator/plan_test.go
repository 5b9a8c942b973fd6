package operator

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestTwoOperatorsOfAFleet: the second, who looked before the first was done, is
// told, and changes nothing.
func TestTwoOperatorsOfAFleet(t *testing.T) {
	server := redistest.Start(t)
	state, err := redis.Open(conn.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	key, err := fleet.NewKey([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	first, second := Signature{Author: "first", Key: key}, Signature{Author: "second", Key: key}
	layers, err := config.ParseFleet("fleet.yaml", []byte(`version: 1
defaults:
  link: {kind: hub, url: "http://127.0.0.1:1"}
  hardware: {driver: sim}
gateways:
  north:
    channel: gates
    link: {token_file: north.token}
`))
	if err != nil {
		t.Fatal(err)
	}
	plan := func() Plan {
		t.Helper()
		p, err := NewPlan(t.Context(), state, layers, false)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p, other := plan(), plan()
	if err := p.Check(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Apply(t.Context(), state, first, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Apply(t.Context(), state, second, nil, 0); err == nil || !strings.Contains(err.Error(), "nothing was applied") {
		t.Errorf("the second was done: %v", err)
	}
	// Of another scope, it is only later.
	p.Scopes = []fleet.Scope{"group/attic"}
	p.to = map[fleet.Scope]fleet.Settings{"group/attic": {"channel": "attic"}}
	a, err := p.Apply(t.Context(), state, second, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := state.FleetHistory(t.Context(), 10); err != nil || len(h) != 2 || h[0].Author != "second" || h[0].Version != a.Version || h[1].Version >= a.Version {
		t.Errorf("%+v, %v", h, err)
	}
}
