package processes

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestFlightRecorder follows a port through what its recorder is for: somebody
// asks while it runs, it is killed, it is silenced.
func TestFlightRecorder(t *testing.T) {
	s := talkgatetest.NewSite(t)
	south := s.Port("south")
	cfg := s.Prepare("north")
	text, err := os.ReadFile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Write("north.yaml", string(text)+"recorder: {size: 1, memory: north.flight, directory: kept, keep: 2}\n")
	s.Grant("north")
	begin := func() *talkgatetest.Process {
		p := talkgatetest.Start(t, "north", "run", "--config", cfg)
		p.Until(`^state=idle lamps=link `)
		return p
	}

	north := begin()
	north.Say("press")
	south.Until(`speaker=heard holder="north"`)
	north.Say("release")
	south.Until(`^state=idle lamps=link speaker=quiet`)
	south.Say("press")
	north.Until(`speaker=heard holder="south"`)
	south.Say("release")
	north.Until(`^state=idle lamps=link speaker=quiet`)
	file := s.Path("asked.zip")
	if code, _, stderr := talkgatetest.Run(t, "", "record", "--config", cfg, "--output", file); code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	if code, out, stderr := talkgatetest.Run(t, "", "replay", file); code != talkgatetest.ExitOK || !talkgatetest.InOrder(out,
		"north on channel gates", "kept for: command", "link is up", "sent ", "of sound", "released", "heard ", "of sound") {
		t.Errorf("replay of what was asked for: exit code %d, %s\n%s", code, stderr, out)
	}
	if code, _, stderr := talkgatetest.Run(t, "", "replay", file, "--html", s.Path("asked.html")); code != talkgatetest.ExitOK {
		t.Error(stderr)
	}
	if page := s.Read("asked.html"); !strings.Contains(page, "data:audio/ogg") {
		t.Errorf("the page has no sound: %d bytes", len(page))
	}

	north.Say("press")
	south.Until(`speaker=heard holder="north"`)
	north.Signal(syscall.SIGKILL)
	north = talkgatetest.Start(t, "north", "run", "--config", cfg)
	crash := north.Until(`msg="recording is kept".* file=(\S+-crash\.zip) `)
	if _, out, _ := talkgatetest.Run(t, "", "replay", crash); !talkgatetest.InOrder(out, "kept for: crash", "released", "sent ", "of sound") {
		t.Errorf("replay of the crash:\n%s", out)
	}

	north.Until(`^state=idle lamps=link `)
	for range 3 {
		north.Say("press")
		north.Until(`^state=talking`)
		s.Revoke("north")
		revoked := north.Until(`msg="recording is kept".* file=(\S+-revoked\.zip) `)
		if _, out, _ := talkgatetest.Run(t, "", "replay", revoked); !talkgatetest.InOrder(out, "kept for: revoked", "talking", "not talking", "the right to talk was taken away") {
			t.Errorf("replay of the revocation:\n%s", out)
		}
		north.Say("release")
		s.Grant("north")
		north.Until(`^state=idle lamps=link `)
	}
	kept, err := filepath.Glob(s.Path("kept/*"))
	if err != nil || len(kept) != 2 || slices.Contains(kept, crash) {
		t.Errorf("kept are %v, %v; want the last two", kept, err)
	}
	north.Stop(syscall.SIGTERM)
	north = begin()
	north.Stop(syscall.SIGTERM)
	if again, _ := filepath.Glob(s.Path("kept/*crash*")); len(again) != 0 {
		t.Errorf("an orderly end was taken for a crash: %v", again)
	}
}

// TestFlightRecorderButton presses it on a virtual repeater: the recording is there at
// once, and has the edges of squelch and transmitter.
func TestFlightRecorderButton(t *testing.T) {
	s := talkgatetest.NewSite(t)
	south := s.Port("south")
	cfg := s.Prepare("hill")
	s.Write("hill.yaml", strings.Replace(s.Read("hill.yaml"), "driver: sim", "driver: sim, radio: repeater", 1)+"recorder: {size: 1, directory: kept}\n")
	s.Grant("hill")
	hill := talkgatetest.Start(t, "hill", "run", "--config", cfg)
	hill.Until(`^state=idle lamps=link .* squelch=closed transmitter=off`)
	hill.Say("press")
	south.Until(`speaker=heard holder="hill"`)
	hill.Until(`^state=talking .* squelch=open transmitter=off`)
	hill.Say("release")
	hill.Until(`^state=idle .* squelch=closed`)
	south.Until(`^state=idle lamps=link speaker=quiet`)
	south.Say("press")
	hill.Until(`speaker=heard holder="south" squelch=closed transmitter=keyed`)
	south.Say("release")
	hill.Until(`transmitter=off`)
	hill.Say("record")
	file := hill.Until(`msg="recording is kept".* file=(\S+-button\.zip) `)
	code, out, stderr := talkgatetest.Run(t, "", "replay", file)
	if code != talkgatetest.ExitOK || !talkgatetest.InOrder(out, "kept for: button", "active=true", "line=COR", "talking", "active=false", "line=COR", "released",
		"heard", "of sound", "active=true", "line=PTT-out", "active=false", "line=PTT-out") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, out)
	}
	hill.Say("dial *1234X")
	hill.Until(`expected press, .* found "dial \*1234X"`)
}

func TestRecordAndReplaySayWhatIsMissing(t *testing.T) {
	s := t.TempDir()
	path := filepath.Join(s, "port.yaml")
	code, example, stderr := talkgatetest.Run(t, "", "config", "example")
	if code != talkgatetest.ExitOK {
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
		{[]string{"record", "--config", path}, talkgatetest.ExitConfig, "recorder.memory: expected the file"},
		{[]string{"replay", path}, talkgatetest.ExitFailed, "expected a recording of talkgate"},
		{[]string{"replay", filepath.Join(s, "none.zip")}, talkgatetest.ExitFailed, "none.zip"},
		{[]string{"replay"}, talkgatetest.ExitUsage, "expected FILE"},
	} {
		if code, _, stderr := talkgatetest.Run(t, "", tc.args...); code != tc.code || !strings.Contains(stderr, tc.want) {
			t.Errorf("talkgate %v: exit code %d, %q; want %d, %q", tc.args, code, stderr, tc.code, tc.want)
		}
	}
}
