package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/boards"
	"github.com/talkgate/talkgate/gateway/config"
)

// TestInit wants what it writes to pass the check and to say what it was told,
// by flags or by answers.
func TestInit(t *testing.T) {
	for board, chip := range boards.Chips() {
		for sound, card := range boards.CardIDs() {
			code, text, stderr := talkgate(t, "", "init", "--user", "north", "--name", "North: #1", "--channel", "gates", "--board", board,
				"--line", "GPIO22", "--sound", sound, "--radio", "none")
			if code != exitOK {
				t.Fatalf("%s, %s: exit code %d, %s", board, sound, code, stderr)
			}
			if code, _, stderr := talkgate(t, text, "config", "check", "-"); code != exitOK {
				t.Fatalf("%s, %s: %s", board, sound, stderr)
			}
			c, err := config.Parse("init", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			b := c.Hardware.Board
			if c.Identity.UserName != "North: #1" || b.PTT.Chip != chip || b.PTT.Line != "GPIO22" || b.Sound.Speaker.Card != card {
				t.Errorf("%s, %s: %+v, %+v", board, sound, c.Identity, b)
			}
		}
	}
}

// TestInitOfARadio has no button, and its squelch and PTT on the interface.
func TestInitOfARadio(t *testing.T) {
	for _, tc := range []struct{ sound, radio, chip string }{
		{"aioc", "aioc", "card:AllInOneCable"}, {"cm108", "cm108", "card:Device"}, {"usb:1-1.2", "aioc", "usb:1-1.2"},
	} {
		code, text, stderr := talkgate(t, "", "init", "--user", "hill", "--name", "Hill", "--channel", "gates", "--board", "none",
			"--sound", tc.sound, "--radio", tc.radio)
		if code != exitOK {
			t.Fatalf("%+v: exit code %d, %s", tc, code, stderr)
		}
		if code, _, stderr := talkgate(t, text, "config", "check", "-"); code != exitOK {
			t.Fatalf("%+v: %s", tc, stderr)
		}
		c, err := config.Parse("init", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		b := c.Hardware.Board
		if b.PTT.Chip != "" || b.COR.Chip != tc.chip || b.COR.Line != "VOLDN" || b.PTTOut.Chip != tc.chip || b.PTTOut.Line != "GPIO3" {
			t.Errorf("%+v: %+v", tc, b)
		}
	}
	if code, _, stderr := talkgate(t, "", "init", "--user", "hill", "--name", "Hill", "--channel", "gates", "--board", "none"); code != exitUsage || !strings.Contains(stderr, "hardware.cor") {
		t.Errorf("nothing that talks: exit code %d, %s", code, stderr)
	}
}

// TestInitRefusesUnknownHardware: a word that is neither a board nor a radio interface has
// no effect, and is not taken for the label of a chip.
func TestInitRefusesUnknownHardware(t *testing.T) {
	for flag, word := range map[string]string{"--board": "pi6", "--radio": "uv5r"} {
		code, text, stderr := talkgate(t, "", "init", "--user", "hill", "--name", "Hill", "--channel", "gates", "--line", "GPIO17", flag, word)
		if code != exitUsage || text != "" || !strings.Contains(stderr, word) || !strings.Contains(stderr, "expected one of") {
			t.Errorf("%s %s: exit code %d, %s%s", flag, word, code, text, stderr)
		}
	}
	if code, _, stderr := talkgate(t, "", "init", "--user", "hill", "--name", "Hill", "--channel", "gates", "--board", "gpio-sim.0-node0"); code != exitOK {
		t.Errorf("the label of a chip: exit code %d, %s", code, stderr)
	}
}

func TestInitAsks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "port.yaml")
	code, _, stderr := talkgate(t, "north\nNorth gate\n\n\n\nsim\n\n", "init", "--channel", "gates", "--output", path)
	if code != exitOK || !strings.Contains(stderr, "name shown to the others []: ") || !strings.Contains(stderr, "[redis://127.0.0.1:6379/0]") {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	c, err := config.Load(path, "/run/credentials/x")
	if err != nil {
		t.Fatal(err)
	}
	if c.Identity.UserID != "north" || c.Hardware.Driver != "sim" || c.Channel != "gates" {
		t.Errorf("%+v", c)
	}
	if code, _, stderr := talkgate(t, "north\nNorth gate\n", "init", "--channel", "gates", "--output", path); code != exitFailed || !strings.Contains(stderr, "exists") {
		t.Errorf("over a file: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := talkgate(t, "", "init"); code != exitUsage || !strings.Contains(stderr, "--user") {
		t.Errorf("told nothing: exit code %d, %s", code, stderr)
	}
	if code, _, _ := talkgate(t, "", "init", "--user", "two words", "--name", "x", "--channel", "c"); code != exitUsage {
		t.Errorf("an impossible ID: exit code %d", code)
	}
}

func TestInitIsCompleted(t *testing.T) {
	for flag, word := range map[string]string{"--board": "zero2", "--sound": "codec-zero", "--radio": "aioc"} {
		if _, out, _ := talkgate(t, "", "__complete", "init", flag, word[:3]); !strings.HasPrefix(out, word+"\n") && !strings.Contains(out, "\n"+word+"\n") {
			t.Errorf("%s %s: %q", flag, word[:3], out)
		}
	}
}
