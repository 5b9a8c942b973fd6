package devices_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/devices"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// documented is a rule of docs/redis.md, in words; a selector is one.
func documented(t *testing.T, user string) (words []string) {
	t.Helper()
	doc, err := os.ReadFile("../../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rule, ok := strings.Cut(string(doc), "```acl\nuser "+user+" ")
	if !ok {
		t.Fatalf("docs/redis.md has no rule for %s", user)
	}
	rule, _, _ = strings.Cut(rule, "\n")
	for i, part := range strings.Split(rule, "(") {
		outer := part
		if i > 0 {
			var inner string
			inner, outer, _ = strings.Cut(part, ")")
			words = append(words, "("+strings.Join(strings.Fields(inner), " ")+")")
		}
		words = append(words, strings.Fields(outer)...)
	}
	return words
}

func TestTheRuleOfAPortIsTheDocumentedOne(t *testing.T) {
	want, got := documented(t, "port-north"), devices.Rule("north", "PASSWORD_SHA256", []string{"gates"})
	sorted := func(words []string) (all []string) {
		for _, word := range words {
			inner := strings.Fields(strings.Trim(word, "()"))
			slices.Sort(inner)
			all = append(all, strings.Join(inner, " "))
		}
		slices.Sort(all)
		return all
	}
	if w, g := sorted(want), sorted(got); !slices.Equal(w, g) {
		t.Errorf("the documented rule is\n%q\nand devices are given\n%q", w, g)
	}
}

func open(t *testing.T, s *redistest.Server, user, password string) *redis.Client {
	t.Helper()
	cfg := conn.Config{URL: s.URL, Username: user}
	if password != "" {
		cfg.PasswordFile = filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(cfg.PasswordFile, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := redis.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestACLOfAHubThatEnrollsBoards does all of enrollment under the documented rules, and
// nothing of it without them.
func TestACLOfAHubThatEnrollsBoards(t *testing.T) {
	s := redistest.Start(t)
	sum := sha256.Sum256([]byte("sesame"))
	set := func(words []string) {
		args := []any{"ACL", "SETUSER", "hub"}
		for _, word := range words {
			args = append(args, strings.ReplaceAll(word, "PASSWORD_SHA256", hex.EncodeToString(sum[:])))
		}
		s.Do(args...)
	}
	set(documented(t, "hub"))
	ctx := t.Context()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := devices.Device{UserID: "north", UserName: "North", Role: "DISPATCH", Channels: []string{"gates", "yards"}, Key: public, KeyID: "k", PasswordHash: hex.EncodeToString(sum[:])}
	if err := devices.New(open(t, s, "hub", "sesame")).SetUser(ctx, d); !errors.Is(err, devices.ErrUsers) {
		t.Errorf("without the rule: %v", err)
	}
	set(documented(t, "hub-boards"))
	store := devices.New(open(t, s, "hub", "sesame"))
	inv := devices.Invitation{ID: "K7M", Code: "K7M2Q9XDR", UserID: "north", UserName: "North", Role: "DISPATCH", Channels: d.Channels, By: "boss"}
	must(t)(store.Invite(ctx, inv, time.Minute))
	must(t)(store.Attempt(ctx, "K7M", 3))
	must(t)(store.Apply(ctx, "K7M", devices.Applicant{Host: "pi", KeyID: "k"}))
	must(t)(store.Decide(ctx, "north", devices.Approved, "boss"))
	must(t)(store.Enroll(ctx, "K7M", d))
	if first, err := store.Spend(ctx, "c", time.Minute); err != nil || !first {
		t.Errorf("%v, %v", first, err)
	}
	if again, err := store.Spend(ctx, "c", time.Minute); err != nil || again {
		t.Errorf("a challenge is good twice: %v", err)
	}
	if err := store.PutHub(ctx, devices.Hub{URL: "https://hub"}, time.Minute); err != nil {
		t.Error(err)
	}
	port := open(t, s, "port-north", "sesame")
	for _, channel := range d.Channels {
		if err := port.Rehearse(ctx, channel, "north"); err != nil {
			t.Error(err)
		}
	}
	if err := port.RehearseBudget(ctx, "north"); err != nil {
		t.Error(err)
	}
	all := must(t)(listed(store.Devices(ctx)))
	if err := store.Reconcile(ctx, all); err != nil {
		t.Error(err)
	}
	if err := store.Revoke(ctx, "north", "boss"); err != nil {
		t.Error(err)
	}
	if err := port.Ping(ctx); err == nil {
		t.Error("the Redis user of a revoked device works")
	}
	if err := store.Forget(ctx, "north"); err != nil {
		t.Error(err)
	}
}

func listed(all []devices.Device, err error) ([]devices.Device, error) {
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("%d devices", len(all))
	}
	return all, err
}

func must(t *testing.T) func(v any, err error) []devices.Device {
	t.Helper()
	return func(v any, err error) []devices.Device {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all, _ := v.([]devices.Device)
		return all
	}
}

// TestInvitationsAreFew: a site is not filled by whoever may invite.
func TestInvitationsAreFew(t *testing.T) {
	s := redistest.Start(t)
	store := devices.New(open(t, s, "", ""))
	for i := range devices.MaxInvitations {
		inv := devices.Invitation{ID: fmt.Sprint(i), UserID: fmt.Sprint("u", i), Channels: []string{"gates"}, By: "boss"}
		must(t)(store.Invite(t.Context(), inv, time.Minute))
	}
	if _, err := store.Invite(t.Context(), devices.Invitation{ID: "x", UserID: "x", Channels: []string{"gates"}}, time.Minute); err == nil || !strings.Contains(err.Error(), "wait until") {
		t.Error(err)
	}
}

// TestNamesThatMeanSomethingToRedis are refused: they would widen its rules.
func TestNamesThatMeanSomethingToRedis(t *testing.T) {
	for _, bad := range []string{"", "*", "a b", "a*", "[a]", "a?", "a\\", "(a)", "a)", "~a", "{a}", "é", strings.Repeat("a", 101)} {
		if devices.CheckIDs(bad, []string{"gates"}) == nil || devices.CheckIDs("north", []string{bad}) == nil {
			t.Errorf("%q is taken for a name", bad)
		}
	}
	if err := devices.CheckIDs("north-gate_2", []string{"5f2b:c.d@e"}); err != nil {
		t.Error(err)
	}
}
