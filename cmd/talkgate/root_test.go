package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/build"
)

// talkgate runs the command line in this process.
func talkgate(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&err)
	code = execute(t.Context(), root, &err)
	return code, out.String(), err.String()
}

func TestExitCodes(t *testing.T) {
	for _, tc := range []struct {
		args   string
		stdin  string
		code   int
		stderr string // a part of it
	}{
		{"version", "", exitOK, ""},
		{"config", "", exitOK, ""},
		{"", "", exitOK, ""},
		{"shout", "", exitUsage, `unknown command "shout"`},
		{"config chek", "", exitUsage, `unknown command "chek"`},
		{"version --yaml", "", exitUsage, "See 'talkgate version --help'"},
		{"config check", "", exitUsage, "expected FILE, found nothing"},
		{"config check a b", "", exitUsage, `expected no more than FILE, found "b"`},
		{"config chek", "", exitUsage, `did you mean "check"?`},
		{"run --confg x", "", exitUsage, `did you mean "config"?`},
		{"run x", "", exitUsage, `expected no argument, found "x"`},
		{"rights grant north-gate", "", exitUsage, "expected CHANNEL, found nothing"},
		{"completion tcsh", "", exitUsage, `unknown command "tcsh" for "talkgate completion"`},
		{"config check /nowhere/port.yaml", "", exitConfig, "/nowhere/port.yaml"},
		{"config check -", "version: 1\n", exitConfig, "-:1: channel:"},
	} {
		code, _, stderr := talkgate(t, tc.stdin, strings.Fields(tc.args)...)
		if code != tc.code || !strings.Contains(stderr, tc.stderr) {
			t.Errorf("talkgate %s: exit code %d, want %d; stderr %q, want %q in it", tc.args, code, tc.code, stderr, tc.stderr)
		}
	}
}

func TestTheExampleChecks(t *testing.T) {
	code, example, stderr := talkgate(t, "", "config", "example")
	if code != exitOK {
		t.Fatal(stderr)
	}
	if code, out, stderr := talkgate(t, example, "config", "check", "-"); code != exitOK || out != "-: ok\n" {
		t.Errorf("exit code %d, %q, %q", code, out, stderr)
	}
}

func TestVersionAsJSON(t *testing.T) {
	code, out, _ := talkgate(t, "", "version", "--json")
	var v build.Info
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != exitOK || v.Go == "" || v.Version == "" {
		t.Errorf("exit code %d, %q, %v", code, out, err)
	}
}

// TestHelp wants every command to say what it does and to show it.
func TestHelp(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.RunE == nil {
			t.Errorf("%s: needs Short and RunE", c.CommandPath())
		}
		if !c.HasSubCommands() && c.Example == "" {
			t.Errorf("%s: has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}

// TestExamplesParse runs the command lines of every example as far as their
// flags and arguments.
func TestExamplesParse(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), ">")
			for part := range strings.SplitSeq(line, "|") {
				if args, ours := strings.CutPrefix(strings.TrimSpace(part), "talkgate "); ours {
					words := csv.NewReader(strings.NewReader(args)) // as a shell reads words in quotes
					words.Comma = ' '
					split, err := words.Read()
					if err != nil {
						t.Fatalf("%s: %v", args, err)
					}
					checkExample(t, slices.DeleteFunc(split, func(w string) bool { return w == "" }))
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}

func checkExample(t *testing.T, args []string) {
	t.Helper()
	root := newRoot()
	dry := func(c *cobra.Command) { c.RunE = func(*cobra.Command, []string) error { return nil } }
	for _, c := range root.Commands() {
		dry(c)
		for _, sub := range c.Commands() {
			dry(sub)
		}
	}
	var stderr bytes.Buffer
	root.SetArgs(args)
	root.SetOut(&stderr)
	if code := execute(t.Context(), root, &stderr); code != exitOK {
		t.Errorf("talkgate %s: %s", strings.Join(args, " "), stderr.String())
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, out, stderr := talkgate(t, "", "completion", shell); code != exitOK || !strings.Contains(out, "talkgate") {
			t.Errorf("%s: exit code %d, %q", shell, code, stderr)
		}
	}
}
