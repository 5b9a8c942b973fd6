package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestTwoOperatorsOfAFleet: the second, who looked before the first was done, is
// told, and changes nothing.
func TestTwoOperatorsOfAFleet(t *testing.T) {
	server := redistest.Start(t)
	state, err := redis.Open(redis.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	keyFile := filepath.Join(t.TempDir(), "fleet.key")
	if code, _, stderr := talkgate(t, "", "fleet", "keygen", "--out", keyFile); code != exitOK {
		t.Fatal(stderr)
	}
	file := writeFile(t, "fleet.yaml", `version: 1
defaults:
  link: {kind: hub, url: "http://127.0.0.1:1"}
  hardware: {driver: sim}
gateways:
  north:
    channel: gates
    link: {token_file: north.token}
`, 0o600)
	layers, err := (&fleetFile{path: file}).read(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := signer{keyFile: keyFile, author: "second"}
	key, err := sign.key()
	if err != nil {
		t.Fatal(err)
	}
	p, err := planFleet(t.Context(), state, layers, false)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := talkgate(t, "", "fleet", "apply", "-f", file, "--as", "first", "--key", keyFile, "--redis", server.URL); code != exitOK {
		t.Fatal(stderr)
	}
	if _, err := p.apply(t.Context(), state, sign, key, nil, 0); err == nil || !strings.Contains(err.Error(), "nothing was applied") {
		t.Errorf("the second was done: %v", err)
	}
	// Of another scope, it is only later.
	p.scopes = []fleet.Scope{"group/attic"}
	p.to = map[fleet.Scope]fleet.Settings{"group/attic": {"channel": "attic"}}
	a, err := p.apply(t.Context(), state, sign, key, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := state.FleetHistory(t.Context(), 10); err != nil || len(h) != 2 || h[0].Author != "second" || h[0].Version != a.Version || h[1].Version >= a.Version {
		t.Errorf("%+v, %v", h, err)
	}
}
