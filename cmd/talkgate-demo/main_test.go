package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate-demo/demo"
)

func TestSelftestPrintsOneObject(t *testing.T) {
	var out, errs bytes.Buffer
	c := newCommand()
	c.SetArgs([]string{"--selftest", "--presses", "1", "--json"})
	c.SetOut(&out)
	c.SetErr(&errs)
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Logf("the counts decide about that, and demo's tests about the counts: %v", err)
	}
	var r demo.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Presses < 1 {
		t.Errorf("%v: %s\n%s", err, &out, &errs)
	}
}

func TestFlagsAreChecked(t *testing.T) {
	for flag, want := range map[string]string{
		"--presses=0":       "expected at least 1",
		"--log-level=shout": "expected debug, info, warn or error",
		"--shout":           "unknown flag",
	} {
		c := newCommand()
		c.SetArgs([]string{flag})
		if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) || exitCode(err) != 2 {
			t.Errorf("%s: %v, exit code %d, want %q in it, and 2", flag, err, exitCode(err), want)
		}
	}
}
