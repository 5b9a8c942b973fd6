package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestFlightRecorder follows a port through what its recorder is for: somebody
// asks while it runs, it is killed, it is silenced.
func TestFlightRecorder(t *testing.T) {
	s := newSite(t)
	south := s.port("south")
	cfg := s.prepare("north")
	text, err := os.ReadFile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.write("north.yaml", string(text)+"recorder: {size: 1, memory: north.flight, directory: kept, keep: 2}\n")
	s.grant("north")
	begin := func() *process {
		p := start(t, "north", "run", "--config", cfg)
		p.until(`^state=idle lamps=link `)
		return p
	}

	north := begin()
	north.say("press")
	south.until(`speaker=heard holder="north"`)
	north.say("release")
	south.until(`^state=idle lamps=link speaker=quiet`)
	south.say("press")
	north.until(`speaker=heard holder="south"`)
	south.say("release")
	north.until(`^state=idle lamps=link speaker=quiet`)
	file := s.path("asked.zip")
	if code, _, stderr := talkgate(t, "", "record", "--config", cfg, "--output", file); code != exitOK {
		t.Fatal(stderr)
	}
	if code, out, stderr := talkgate(t, "", "replay", file); code != exitOK || !inOrder(out,
		"north on channel gates", "kept for: command", "link is up", "sent ", "of sound", "released", "heard ", "of sound") {
		t.Errorf("replay of what was asked for: exit code %d, %s\n%s", code, stderr, out)
	}
	if code, _, stderr := talkgate(t, "", "replay", file, "--html", s.path("asked.html")); code != exitOK {
		t.Error(stderr)
	}
	if page := s.read("asked.html"); !strings.Contains(page, "data:audio/ogg") {
		t.Errorf("the page has no sound: %d bytes", len(page))
	}

	north.say("press")
	south.until(`speaker=heard holder="north"`)
	north.signal(syscall.SIGKILL)
	north = start(t, "north", "run", "--config", cfg)
	crash := north.until(`msg="recording is kept".* file=(\S+-crash\.zip) `)
	if _, out, _ := talkgate(t, "", "replay", crash); !inOrder(out, "kept for: crash", "released", "sent ", "of sound") {
		t.Errorf("replay of the crash:\n%s", out)
	}

	north.until(`^state=idle lamps=link `)
	for range 3 {
		north.say("press")
		north.until(`^state=talking`)
		s.revoke("north")
		revoked := north.until(`msg="recording is kept".* file=(\S+-revoked\.zip) `)
		if _, out, _ := talkgate(t, "", "replay", revoked); !inOrder(out, "kept for: revoked", "talking", "not talking", "the right to talk was taken away") {
			t.Errorf("replay of the revocation:\n%s", out)
		}
		north.say("release")
		s.grant("north")
		north.until(`^state=idle lamps=link `)
	}
	kept, err := filepath.Glob(s.path("kept/*"))
	if err != nil || len(kept) != 2 || slices.Contains(kept, crash) {
		t.Errorf("kept are %v, %v; want the last two", kept, err)
	}
	north.stop(syscall.SIGTERM)
	north = begin()
	north.stop(syscall.SIGTERM)
	if again, _ := filepath.Glob(s.path("kept/*crash*")); len(again) != 0 {
		t.Errorf("an orderly end was taken for a crash: %v", again)
	}
}

// TestFlightRecorderButton presses it on a virtual repeater: the recording is there at
// once, and has the edges of squelch and transmitter.
func TestFlightRecorderButton(t *testing.T) {
	s := newSite(t)
	south := s.port("south")
	cfg := s.prepare("hill")
	s.write("hill.yaml", strings.Replace(s.read("hill.yaml"), "driver: sim", "driver: sim, radio: repeater", 1)+"recorder: {size: 1, directory: kept}\n")
	s.grant("hill")
	hill := start(t, "hill", "run", "--config", cfg)
	hill.until(`^state=idle lamps=link .* squelch=closed transmitter=off`)
	hill.say("press")
	south.until(`speaker=heard holder="hill"`)
	hill.until(`^state=talking .* squelch=open transmitter=off`)
	hill.say("release")
	hill.until(`^state=idle .* squelch=closed`)
	south.until(`^state=idle lamps=link speaker=quiet`)
	south.say("press")
	hill.until(`speaker=heard holder="south" squelch=closed transmitter=keyed`)
	south.say("release")
	hill.until(`transmitter=off`)
	hill.say("record")
	file := hill.until(`msg="recording is kept".* file=(\S+-button\.zip) `)
	code, out, stderr := talkgate(t, "", "replay", file)
	if code != exitOK || !inOrder(out, "kept for: button", "active=true", "line=COR", "talking", "active=false", "line=COR", "released",
		"heard", "of sound", "active=true", "line=PTT-out", "active=false", "line=PTT-out") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, out)
	}
	hill.say("dial *1234X")
	hill.until(`expected press, .* found "dial \*1234X"`)
}

// inOrder reports whether text has the parts, one after the other.
func inOrder(text string, parts ...string) bool {
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(parts, `.*`)).MatchString(text)
}

func TestRecordAndReplaySayWhatIsMissing(t *testing.T) {
	s := t.TempDir()
	path := filepath.Join(s, "port.yaml")
	code, example, stderr := talkgate(t, "", "config", "example")
	if code != exitOK {
		t.Fatal(stderr)
	}
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"record", "--config", path}, exitConfig, "recorder.memory: expected the file"},
		{[]string{"replay", path}, exitFailed, "expected a recording of talkgate"},
		{[]string{"replay", filepath.Join(s, "none.zip")}, exitFailed, "none.zip"},
		{[]string{"replay"}, exitUsage, "accepts 1 arg"},
	} {
		if code, _, stderr := talkgate(t, "", tc.args...); code != tc.code || !strings.Contains(stderr, tc.want) {
			t.Errorf("talkgate %v: exit code %d, %q; want %d, %q", tc.args, code, stderr, tc.code, tc.want)
		}
	}
}
