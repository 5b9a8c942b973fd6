package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// dispatchDo runs a dispatcher's command that must succeed.
func dispatchDo(t *testing.T, url string, args ...string) string {
	t.Helper()
	code, out, stderr := talkgate(t, "", append(args, "--redis", url)...)
	if code != exitOK {
		t.Fatalf("talkgate %s: exit code %d, %s", strings.Join(args, " "), code, stderr)
	}
	return out
}

// dispatchJSON runs a command with --json and reads its last line.
func dispatchJSON[T any](t *testing.T, url string, args ...string) T {
	t.Helper()
	out := dispatchDo(t, url, append(args, "--json")...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var v T
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		t.Fatalf("%s: %v in %q", strings.Join(args, " "), err, out)
	}
	return v
}

func TestDispatch(t *testing.T) {
	s := redistest.Start(t)
	state, err := redis.Open(conn.Config{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)

	if r := dispatchJSON[rightsJSON](t, s.URL, "rights", "grant", "north", "gates", "yard"); strings.Join(r.Channels, " ") != "gates yard" {
		t.Errorf("after grant: %+v", r)
	}
	if r := dispatchJSON[rightsJSON](t, s.URL, "rights", "revoke", "north", "yard", "--as", "boss"); strings.Join(r.Channels, " ") != "gates" {
		t.Errorf("after revoke: %+v", r)
	}
	if log, err := state.Audit(ctx, 1); err != nil || len(log) != 1 || log[0].ActorID != "boss" || log[0].Action != redis.ActionTaken || log[0].TargetID != "north" {
		t.Errorf("in the audit log: %+v, %v", log, err)
	}
	if out := dispatchDo(t, s.URL, "rights", "show", "north", "south"); out != "USER   CHANNEL  MAY TALK\nnorth  gates    yes\nsouth  -        no\n" {
		t.Errorf("%q", out)
	}
	if r := dispatchJSON[rightsJSON](t, s.URL, "rights", "set", "north"); r.Channels == nil || len(r.Channels) != 0 {
		t.Errorf("after set: %+v", r)
	}
	dispatchDo(t, s.URL, "rights", "set", "north", "gates")

	if e := dispatchJSON[changedJSON](t, s.URL, "event", "set", "marathon", "gates", "yard"); strings.Join(e.Channels, " ") != "gates yard" || len(e.Added) != 2 || len(e.Removed) != 0 {
		t.Errorf("after event set: %+v", e)
	}
	if out := dispatchDo(t, s.URL, "event", "show"); !strings.Contains(out, "marathon  gates yard") {
		t.Errorf("%q", out)
	}
	if out := dispatchDo(t, s.URL, "event", "set", "marathon", "gates"); out != "marathon: gates\n" {
		t.Errorf("%q", out)
	}
	if out := dispatchDo(t, s.URL, "event", "set", "fair", "yard"); out != "fair: yard\n" {
		t.Errorf("%q", out)
	}
	if out := dispatchDo(t, s.URL, "event", "set", "fair", "--none"); !strings.Contains(out, "it is no more") {
		t.Errorf("%q", out)
	}
	for _, args := range [][]string{{"event", "set", "fair"}, {"event", "set", "fair", "yard", "--none"}} {
		if code, _, stderr := talkgate(t, "", append(args, "--redis", s.URL)...); code == exitOK || !strings.Contains(stderr, "--none") {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
	press := func() redis.Claim {
		t.Helper()
		cl := redis.NewClaim("gates", "north", "North\x1b[31m gate", time.Now(), 30*time.Second)
		if d, err := state.Acquire(ctx, cl); err != nil || d.Verdict != redis.Granted {
			t.Fatal(d, err)
		}
		return cl
	}
	cl := press()
	if out := dispatchDo(t, s.URL, "floor", "show"); !strings.Contains(out, "\ngates  ") {
		t.Errorf("all channels: %q", out)
	}
	out := dispatchDo(t, s.URL, "floor", "show", "gates", "yard")
	if !strings.Contains(out, "north  North?[31m gate") || !strings.Contains(out, "yard     -") || strings.Contains(out, "\x1b") {
		t.Errorf("%q", out)
	}
	if ev := dispatchJSON[eventJSON](t, s.URL, "event", "show", "marathon"); ev.Channels["gates"] == nil || ev.Channels["gates"].UserID != "north" {
		t.Errorf("%+v", ev)
	}
	if p := dispatchJSON[pausedJSON](t, s.URL, "event", "pause", "marathon", "--as", "boss"); p.Paused["gates"] == nil || p.Paused["gates"].Epoch == 0 {
		t.Errorf("%+v", p)
	}
	if st, err := state.Renew(ctx, cl); err != nil || st.State != redis.Lost {
		t.Errorf("the paused stands as %+v, %v", st, err)
	}
	if out := dispatchDo(t, s.URL, "event", "pause", "marathon"); out != "nobody was talking\n" {
		t.Errorf("%q", out)
	}
	press()
	if p := dispatchJSON[pausedJSON](t, s.URL, "floor", "release", "gates"); p.Paused["gates"] == nil {
		t.Errorf("%+v", p)
	}

	if b := dispatchJSON[banJSON](t, s.URL, "ban", "set", "north", "--for", "1h", "--as", "boss", "--reason", "stuck key"); b.ExpiresAt == nil || b.BannedBy != "boss" || b.Reason != "stuck key" {
		t.Errorf("%+v", b)
	}
	if out := dispatchDo(t, s.URL, "ban", "show"); !strings.Contains(out, "stuck key") {
		t.Errorf("%q", out)
	}
	if r := dispatchJSON[rightsJSON](t, s.URL, "rights", "show", "north"); !r.Banned {
		t.Errorf("%+v", r)
	}
	if r := dispatchJSON[rightsJSON](t, s.URL, "ban", "lift", "north"); r.Banned {
		t.Errorf("%+v", r)
	}
	if code, _, stderr := talkgate(t, "", "ban", "lift", "north", "--redis", s.URL); code != exitFailed || !strings.Contains(stderr, "was not banned") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := talkgate(t, "", "ban", "set", "north", "--for", "-1s", "--redis", s.URL); code != exitUsage {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := talkgate(t, "", "floor", "show", "gates", "--redis", "redis://127.0.0.1:1"); code != exitFailed || !strings.Contains(stderr, "refused") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := talkgate(t, "", "floor", "show", "gates", "--redis", "redis://x:sesame@127.0.0.1:1"); code != exitConfig || strings.Contains(stderr, "sesame") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestFloorWatch(t *testing.T) {
	s := redistest.Start(t)
	state, err := redis.Open(conn.Config{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := state.GrantRights(ctx, "north", "gates"); err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	root := newRoot()
	root.SetArgs([]string{"floor", "watch", "gates", "--json", "--redis", s.URL})
	root.SetOut(w)
	watching, stop := context.WithCancel(ctx)
	ended := make(chan int, 1)
	go func() {
		ended <- execute(watching, root, io.Discard)
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	next := func() (v floorJSON) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the watch ended")
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := next(); !v.Known || v.Holder != nil || v.Channel != "gates" {
		t.Errorf("at first %+v", v)
	}
	cl := redis.NewClaim("gates", "north", "North gate", time.Now(), 30*time.Second)
	if _, err := state.Acquire(ctx, cl); err != nil {
		t.Fatal(err)
	}
	if v := next(); v.Holder == nil || v.Holder.UserID != "north" {
		t.Errorf("on the press %+v", v)
	}
	if _, err := state.Release(ctx, cl); err != nil {
		t.Fatal(err)
	}
	if v := next(); v.Holder != nil {
		t.Errorf("on the release %+v", v)
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
