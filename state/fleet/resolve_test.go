package fleet

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestMergeTheHigherCounts(t *testing.T) {
	defaults := Settings{"link.kind": "hub", "link.url": "http://hub", "talk.max_talk": "1m", "log.level": "info"}
	group := Settings{"talk.max_talk": "2m"}
	gateway := Settings{"link.kind": "voiceping", "link.email": "a@b"}
	choices := []string{"link.kind", "hardware.driver"}
	got := Merge(choices, defaults, group, gateway)
	want := Settings{"link.kind": "voiceping", "link.email": "a@b", "talk.max_talk": "2m", "log.level": "info"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Merge(choices, defaults, Settings{"link.kind": "hub"}); got["link.url"] != "http://hub" {
		t.Errorf("the same choice again takes its keys away: %v", got)
	}
	if changes := Diff(defaults, Merge(choices, defaults, group)); len(changes) != 1 || changes[0] != (Change{"talk.max_talk", "1m", "2m"}) {
		t.Errorf("%v", changes)
	}
}

// TestChoose is which of two documents a canary and another gateway obey.
func TestChoose(t *testing.T) {
	k := testKey(t, 'k')
	rollout := &Rollout{Upto: Cohort("canary"), Canaries: 1}
	other := ""
	for i := 0; other == ""; i++ {
		if id := fmt.Sprint("g", i); !rollout.Canary(id) {
			other = id
		}
	}
	tried := document(Defaults, 8)
	tried.Rollout = rollout
	newest, settled := sign(t, tried, k), sign(t, document(Defaults, 7), k)
	at := func(seen, settled uint64) Mark { return Mark{Seen: seen, Settled: settled} }
	for _, tc := range []struct {
		name    string
		gateway string
		stored  Stored
		mark    Mark
		version uint64
		trial   bool
		left    Mark
		err     error
	}{
		{"nothing yet", other, Stored{}, Mark{}, 0, false, Mark{}, nil},
		{"lost", other, Stored{}, at(7, 7), 0, false, Mark{}, ErrReplayed},
		{"without a rollout", other, Stored{Newest: settled}, Mark{}, 7, false, at(7, 7), nil},
		{"a canary tries", "canary", Stored{newest, settled, Trying}, at(7, 7), 8, true, at(8, 7), nil},
		{"a canary tries though the state is lost", "canary", Stored{newest, settled, ""}, at(7, 7), 8, true, at(8, 7), nil},
		{"the others wait", other, Stored{newest, settled, Trying}, at(7, 7), 7, false, at(8, 7), nil},
		{"the others wait though the state is lost", other, Stored{newest, settled, ""}, at(7, 7), 7, false, at(8, 7), nil},
		{"the others wait with nothing", other, Stored{newest, "", Trying}, Mark{}, 0, false, at(8, 0), nil},
		{"open", other, Stored{newest, settled, Open}, at(8, 7), 8, false, at(8, 8), nil},
		{"halted, the canary goes back", "canary", Stored{newest, settled, Halted}, at(8, 7), 7, false, at(8, 7), nil},
		{"halted after it was open", other, Stored{newest, settled, Halted}, at(8, 8), 0, false, Mark{}, ErrReplayed},
		{"an old one again", other, Stored{Newest: settled}, at(8, 7), 0, false, Mark{}, ErrReplayed},
		{"settled with an old one", other, Stored{newest, sign(t, document(Defaults, 6), k), Trying}, at(8, 7), 0, false, Mark{}, ErrReplayed},
		{"settled with the same", other, Stored{newest, newest, Trying}, at(8, 7), 0, false, Mark{}, ErrReplayed},
		{"settled lost", other, Stored{newest, "", Trying}, at(8, 7), 0, false, Mark{}, ErrReplayed},
		{"another scope's", other, Stored{Newest: sign(t, document(Group("x"), 9), k)}, at(8, 7), 0, false, Mark{}, ErrForeign},
		{"another fleet's", other, Stored{Newest: sign(t, document(Defaults, 9), testKey(t, 'o'))}, at(8, 7), 0, false, Mark{}, ErrForeign},
	} {
		c, err := tc.stored.Choose(Defaults, tc.gateway, []PublicKey{k.Public()}, tc.mark)
		if !errors.Is(err, tc.err) || c.Document.Version != tc.version || c.Trial != tc.trial || c.Mark != tc.left {
			t.Errorf("%s: version %d, trial %v, mark %+v, %v", tc.name, c.Document.Version, c.Trial, c.Mark, err)
		}
	}
}

func TestCanariesAreSoMany(t *testing.T) {
	for _, n := range []int{1, 2, 10, 1000} {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprint("gate", i))
		}
		for percent, want := range map[float64]int{0.001: 1, 5: max(1, n/20), 50: (n + 1) / 2, 100: n} {
			r, err := Canaries(all, percent, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			canaries := 0
			for _, g := range all {
				if r.Canary(g) {
					canaries++
				}
			}
			if canaries != want || canaries != r.Canaries {
				t.Errorf("%g%% of %d: %d canaries, of %d that have to pass", percent, n, canaries, r.Canaries)
			}
		}
	}
	for _, percent := range []float64{0, -1, 101} {
		if _, err := Canaries([]string{"a"}, percent, 0); err == nil {
			t.Errorf("%g%% is taken", percent)
		}
	}
	if _, err := Canaries(nil, 5, 0); err == nil {
		t.Error("nobody is a canary of nobody")
	}
}

func TestProbation(t *testing.T) {
	const second = time.Second
	for name, tc := range map[string]struct {
		well func(at time.Duration) bool
		want Verdict
		at   time.Duration
	}{
		"well":                     {func(time.Duration) bool { return true }, Passed, 60 * second},
		"never":                    {func(time.Duration) bool { return false }, Failed, 21 * second},
		"late":                     {func(at time.Duration) bool { return at > 19*second }, Passed, 60 * second},
		"lost":                     {func(at time.Duration) bool { return at < 30*second }, Failed, 50 * second},
		"away for a while":         {func(at time.Duration) bool { return at < 30*second || at > 45*second }, Passed, 60 * second},
		"away when it should pass": {func(at time.Duration) bool { return at < 50*second || at > 65*second }, Passed, 66 * second},
	} {
		p, v, at := Probation{Length: 60 * second, Grace: 20 * second}, Pending, time.Duration(0)
		for ; v == Pending && at < 100*second; at += second {
			p, v = p.Look(at, tc.well(at))
		}
		if at -= second; v != tc.want || at != tc.at {
			t.Errorf("%s: %v after %v, want %v after %v", name, v, at, tc.want, tc.at)
		}
	}
}

func TestScopes(t *testing.T) {
	for _, text := range []string{"defaults", "group/gates", "gateway/north-gate"} {
		if s, err := ParseScope(text); err != nil || string(s) != text {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "default", "defaults/x", "group", "group/", "group/a/b", "gateway/{x}", "gateway/a b", "port/x"} {
		if _, err := ParseScope(text); err == nil {
			t.Errorf("%q is a scope", text)
		}
	}
	if Group("").Covers("x", "") || !Group("g").Covers("x", "g") || !Gateway("x").Covers("x", "") || !Defaults.Covers("x", "") {
		t.Error("scopes cover the wrong gateways")
	}
}
