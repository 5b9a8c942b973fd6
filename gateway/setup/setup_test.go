package setup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

// board is a machine in a directory, with lines and cards that nobody opens.
type board struct {
	Local
	t       *testing.T
	free    uint64
	cards   []Card
	chips   []string
	pressed Press
	offered []string // lines that a button might be on
}

func newBoard(t *testing.T, model string, cards ...Card) *board {
	t.Helper()
	b := &board{Local: Local{Root: t.TempDir()}, t: t, free: 1 << 30, cards: cards, chips: []string{"pinctrl-bcm2711"}}
	b.write("/proc/device-tree/model", model+"\x00")
	b.write("/etc/hostname", "north\n")
	b.write("/usr/bin/redis-server", "")
	return b
}

func (b *board) write(name, text string) {
	b.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(b.Path(name)), 0o755), os.WriteFile(b.Path(name), []byte(text), 0o644)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *board) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.Path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

func (b *board) Free(string) (uint64, error) { return b.free, nil }

func (b *board) Run(context.Context, string, ...string) (string, error) { return "inactive", nil }

func (b *board) Chips() ([]string, error) { return b.chips, nil }
func (b *board) Cards() ([]Card, error)   { return b.cards, nil }
func (b *board) Press(ctx context.Context, _ string, lines []string) (Press, error) {
	b.offered = lines
	if b.pressed == (Press{}) {
		<-ctx.Done()
		return Press{}, ctx.Err()
	}
	return b.pressed, nil
}

// plan makes a plan without asking.
func (b *board) plan(a Answers) (*Plan, error) {
	b.t.Helper()
	s, err := Look(b, b)
	if err != nil {
		b.t.Fatal(err)
	}
	return newPlan(b, s, s.Propose(a))
}

// hardware is that of the plan's configuration.
func hardware(t *testing.T, b *board, p *Plan) *config.BoardHardware {
	t.Helper()
	text, err := p.configuration()
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("setup", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c.Hardware.Board
}

// TestProposals: what is found on a machine makes a port without an answer.
func TestProposals(t *testing.T) {
	zero := Card{"Zero", true, true}
	for _, tc := range []struct {
		name, model      string
		cards            []Card
		ptt, cor, card   string
		chip, pttOutChip string
	}{
		{"a HAT with a button", "Raspberry Pi 4 Model B Rev 1.4", []Card{{"vc4hdmi0", false, true}, zero}, "GPIO27", "", "Zero", "pinctrl-bcm2711", ""},
		{"a HAT without", "Raspberry Pi 5 Model B", []Card{{"audioinjectorpi", true, true}}, "GPIO17", "", "audioinjectorpi", "pinctrl-rp1", ""},
		{"a radio on USB", "Raspberry Pi 3 Model B", []Card{{"Headphones", false, true}, {"AllInOneCable", true, true}}, "", "VOLDN", "AllInOneCable", "", "card:AllInOneCable"},
		{"a board that nobody knows", "Orange Pi", []Card{{"Foo", true, true}}, "GPIO17", "", "Foo", "pinctrl-bcm2711", ""},
	} {
		b := newBoard(t, tc.model, tc.cards...)
		p, err := b.plan(Answers{})
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		hw := hardware(t, b, p)
		if hw.PTT.Line != tc.ptt || hw.PTT.Chip != tc.chip || hw.COR.Line != tc.cor || hw.Sound.Microphone.Card != tc.card || hw.PTTOut.Chip != tc.pttOutChip {
			t.Errorf("%s: %+v, %+v, %+v, %+v", tc.name, hw.PTT, hw.COR, hw.PTTOut, hw.Sound)
		}
		if p.answers.User != "north" || p.Reboot != "" {
			t.Errorf("%s: %+v, %q", tc.name, p.answers, p.Reboot)
		}
	}
}

// TestRefusals each say what to do, and nothing is written.
func TestRefusals(t *testing.T) {
	card := Card{"Zero", true, true}
	for _, tc := range []struct {
		name    string
		prepare func(*board)
		answers Answers
		want    string
	}{
		{"no sound", func(b *board) { b.cards = []Card{{"vc4hdmi0", false, true}} }, Answers{}, "plug in a USB interface"},
		{"no Redis", func(b *board) { _ = os.Remove(b.Path("/usr/bin/redis-server")) }, Answers{}, "apt install redis-server"},
		{"a full disk", func(b *board) { b.free = 1 << 20 }, Answers{}, "the disk is full"},
		{"a line of the HAT", func(*board) {}, Answers{PTT: "GPIO23"}, "its green LED"},
		{"nothing talks", func(*board) {}, Answers{PTT: None}, "name the line of a button"},
		{"an impossible ID", func(*board) {}, Answers{User: "../x"}, "letters, digits"},
		{"two overlays", func(b *board) { b.cards = nil; b.write("/boot/config.txt", "dtoverlay=wm8960-soundcard\n") }, Answers{Sound: "codec-zero"}, "remove one of them"},
		{"a HAT without config.txt", func(b *board) { b.cards = nil }, Answers{Sound: "codec-zero"}, "load its overlay by hand"},
	} {
		b := newBoard(t, "Raspberry Pi 4", card)
		tc.prepare(b)
		err := Run(t.Context(), Options{Machine: b, Hardware: b, Answers: tc.answers, Tell: func(Event) {}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
		for _, name := range []string{etc, stateDir, "/var"} {
			if exists(b, name) {
				t.Errorf("%s: %s was made", tc.name, name)
			}
		}
	}
}

// TestOverlay has the boot configuration load the HAT, says so in the plan, and asks for a
// new start.
func TestOverlay(t *testing.T) {
	b := newBoard(t, "Raspberry Pi 4 Model B Rev 1.4")
	b.write("/boot/firmware/config.txt", "arm_64bit=1\n")
	p, err := b.plan(Answers{Sound: "codec-zero"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(inWords(p.changes), "\n"), "/boot/firmware/config.txt: dtoverlay=rpi-codeczero") || !strings.Contains(p.Reboot, "next start") {
		t.Errorf("%q, reboot %q", inWords(p.changes), p.Reboot)
	}
	j, err := openJournal(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.make(t.Context(), p.changes[0]); err != nil {
		t.Fatal(err)
	}
	if text := b.read("/boot/firmware/config.txt"); !strings.Contains(text, "arm_64bit=1\n") || !strings.Contains(text, "dtoverlay=rpi-codeczero\n") {
		t.Errorf("%q", text)
	}
	if err := Undo(t.Context(), b, func(Event) {}); err != nil {
		t.Fatal(err)
	}
	if text := b.read("/boot/firmware/config.txt"); text != "arm_64bit=1\n" || exists(b, stateDir) {
		t.Errorf("undone: %q", text)
	}
}

// TestTheButtonIsPressed: pressed, it is where the press was; typed, what was typed.
func TestTheButtonIsPressed(t *testing.T) {
	for _, tc := range []struct {
		pressed    Press
		typed, ptt string
		said       string
	}{
		{Press{Chip: "pinctrl-bcm2711", Line: "GPIO17"}, "\n\n\n\n\n", "GPIO17", "that was GPIO17"},
		{Press{Input: "AB Shutter3", Key: "KEY_VOLUMEUP"}, "\n\n\n\n\n", "input:AB Shutter3 KEY_VOLUMEUP", "that was input:AB Shutter3"},
		{Press{}, "\n\n\n\n\nGPIO5\n", "GPIO5", "press the push-to-talk button now"},
		{Press{}, "\n\n\n\n\n\n", "GPIO27", "[GPIO27]"},
	} {
		b := newBoard(t, "Raspberry Pi 4", Card{"Zero", true, true})
		b.pressed = tc.pressed
		s, err := Look(b, b)
		if err != nil {
			t.Fatal(err)
		}
		// A technician who presses types no more.
		in, far := io.Pipe()
		go func() { _, _ = io.WriteString(far, tc.typed) }()
		var out bytes.Buffer
		a, err := NewDialog(in, &out).ask(t.Context(), s, Answers{}, b)
		if err != nil {
			t.Fatal(err)
		}
		if a.PTT != tc.ptt || !strings.Contains(out.String(), tc.said) {
			t.Errorf("%+v: %q; it said %s", tc.pressed, a.PTT, &out)
		}
		p, err := newPlan(b, s, s.Propose(a))
		if err != nil {
			t.Fatal(err)
		}
		if hw := hardware(t, b, p); tc.pressed.Input != "" && (hw.PTT.Input != "AB Shutter3" || hw.PTT.Key != "KEY_VOLUMEUP") {
			t.Errorf("%+v", hw.PTT)
		}
	}
}

// TestRulesAreThoseOfTheDocs: what setup gives Redis' users is what docs/redis.md says, which
// a test in state/redis loads into a real server.
func TestRulesAreThoseOfTheDocs(t *testing.T) {
	doc, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	for user, rule := range map[string]string{hubUser: hubRule, dispatchUser: dispatchRule} {
		if !strings.Contains(string(doc), "user "+user+" on #PASSWORD_SHA256 "+rule+"\n") {
			t.Errorf("docs/redis.md has another rule for %s", user)
		}
	}
	if !strings.Contains(string(doc), "user hub-boards "+boardsRule+"\n") {
		t.Error("docs/redis.md has another rule for the boards that join")
	}
}

// TestJournal takes back in the right order, and keeps what cannot be taken back.
func TestJournal(t *testing.T) {
	b := newBoard(t, "")
	b.write("/etc/a", "old")
	j, err := openJournal(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []change{
		file{name: "/etc/a", text: []byte("new"), mode: 0o600},
		file{name: "/etc/a", text: []byte("newer"), mode: 0o600},
		directory{name: "/var/x", mode: 0o700, owner: "root:root"},
		file{name: "/var/x/b", text: []byte("b"), mode: 0o600},
	} {
		if err := j.make(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	again, err := openJournal(b)
	if err != nil || len(again.Entries) != 4 || again.Done != 0 {
		t.Fatalf("%+v, %v", again, err)
	}
	b.write(again.Entries[1].Backup, "new")
	if err := os.Remove(b.Path(again.Entries[0].Backup)); err != nil {
		t.Fatal(err)
	}
	err = again.back(t.Context(), 0, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "/etc/a cannot be taken back") || len(again.Entries) != 1 {
		t.Errorf("%v, %+v", err, again.Entries)
	}
	if b.read("/etc/a") != "new" || exists(b, "/var/x") {
		t.Errorf("%q", b.read("/etc/a"))
	}
}

// FuzzJournal: a journal that somebody wrote over is an error or a journal, never a panic.
func FuzzJournal(f *testing.F) {
	f.Add(`{"done":0,"entries":[]}`)
	f.Add(`{"done":5}`)
	f.Fuzz(func(t *testing.T, text string) {
		b := &board{Local: Local{Root: t.TempDir()}, t: t}
		b.write(filepath.Join(stateDir, "journal.json"), text)
		if j, err := openJournal(b); err == nil && j.Done > len(j.Entries) {
			t.Error(j)
		}
	})
}
