//go:build hil

package gpio_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	periph "periph.io/x/conn/v3/gpio"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/contact"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/hal/hil"
)

// patience is how long anything may take on a busy machine.
const patience = 20 * time.Second

// settle is long enough for an edge to reach the kernel's irq work, which User-Mode
// Linux does with its tick of 10 ms.
const settle = 25 * time.Millisecond

func open(t *testing.T, cfg gpio.InputConfig) *gpio.Input {
	t.Helper()
	in, err := gpio.OpenInput(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

func next(t *testing.T, in *gpio.Input) hal.Edge {
	t.Helper()
	select {
	case e, ok := <-in.Edges():
		if !ok {
			t.Fatalf("the line ended: %v", in.Err())
		}
		return e
	case <-time.After(patience):
		t.Fatal("no edge came")
	}
	return hal.Edge{}
}

func quiet(t *testing.T, in *gpio.Input) {
	t.Helper()
	select {
	case e, ok := <-in.Edges():
		t.Fatalf("unexpected edge %+v (%v)", e, ok)
	case <-time.After(10 * settle):
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(settle / 5) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestKernelLinesAreFoundByNameAndOffset has two chips, so that the label counts.
func TestKernelLinesAreFoundByNameAndOffset(t *testing.T) {
	hil.NewChip(t, "board", "PTT", "", "TWICE", "TWICE", "1")
	other := hil.NewChip(t, "expander", "COR", "PTT")
	in := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "expander", Name: "PTT"}})
	other.Pull(1, true)
	if e := next(t, in); !e.Active || time.Since(e.At) > patience || time.Until(e.At) > 0 {
		t.Errorf("edge %+v, now %v", e, time.Now())
	}
	byOffset := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "expander", Name: "0"}})
	other.Pull(0, true)
	next(t, byOffset)

	for _, tc := range []struct{ chip, line, want string }{
		{"expander", "PTT", `used by "talkgate"`},
		{"board", "TWICE", "offsets 2 and 3"},
		{"board", "5", "an offset up to 4"},
		{"board", "RX", "an offset up to 4"},
		{"header", "PTT", `only "board", "expander"`},
	} {
		_, err := gpio.OpenInput(gpio.InputConfig{Line: gpio.Line{Chip: tc.chip, Name: tc.line}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s of %s: %v, want %q", tc.line, tc.chip, err, tc.want)
		}
		if errors.Is(err, hal.ErrGone) != (tc.chip == "header") {
			t.Errorf("%s of %s: %v", tc.line, tc.chip, err)
		}
	}
	// A name that looks like an offset is a name.
	named := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "1"}})
	_, err := gpio.OpenOutput(gpio.Line{Chip: "board", Name: "4"})
	if err == nil {
		t.Error("offset 4, named 1, is not taken")
	}
	named.Close()
}

func TestKernelPolarityAndPull(t *testing.T) {
	chip := hil.NewChip(t, "board", "PTT")
	in := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT", ActiveLow: true, Pull: periph.PullUp}})
	if active, err := in.Active(); active || err != nil {
		t.Fatalf("pulled up and active low: %v, %v", active, err)
	}
	chip.Pull(0, false)
	if e := next(t, in); !e.Active {
		t.Error("low is not active")
	}
	if active, _ := in.Active(); !active {
		t.Error("Active does not follow")
	}
	chip.Pull(0, true)
	if e := next(t, in); e.Active {
		t.Error("high is active")
	}
}

func TestKernelBounceAndGlitches(t *testing.T) {
	chip := hil.NewChip(t, "board", "PTT", "COR")
	debounced := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT"}, Config: contact.Config{Filter: contact.Filter{Debounce: 20 * settle}}})
	for range 5 {
		chip.Pull(0, true)
		time.Sleep(settle)
		chip.Pull(0, false)
		time.Sleep(settle)
	}
	chip.Pull(0, true)
	first := next(t, debounced)
	if !first.Active {
		t.Fatal("the first edge is not the press")
	}
	quiet(t, debounced)
	time.Sleep(20 * settle)
	chip.Pull(0, false)
	if e := next(t, debounced); e.Active || e.At.Sub(first.At) < 20*settle {
		t.Errorf("release %+v after press %+v", e, first)
	}

	deglitched := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "COR"}, Config: contact.Config{Filter: contact.Filter{Glitch: 40 * settle}}})
	chip.Pull(1, true)
	time.Sleep(settle)
	chip.Pull(1, false)
	quiet(t, deglitched)
	rose := time.Now()
	chip.Pull(1, true)
	if e := next(t, deglitched); !e.Active || e.At.Before(rose) || time.Since(e.At) < 40*settle {
		t.Errorf("edge %+v, pulled at %v, now %v", e, rose, time.Now())
	}
}

func TestKernelHeldAtStart(t *testing.T) {
	chip := hil.NewChip(t, "board", "PTT")
	chip.Pull(0, true)
	in := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT"}})
	if active, err := in.Active(); !active || err != nil {
		t.Fatalf("held: %v, %v", active, err)
	}
	quiet(t, in)
	chip.Pull(0, false)
	if e := next(t, in); e.Active {
		t.Error("release is a press")
	}
}

func TestKernelToggle(t *testing.T) {
	chip := hil.NewChip(t, "board", "PTT")
	chip.Pull(0, true)
	in := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT"}, Config: contact.Config{Toggle: true}})
	if active, err := in.Active(); active || err != nil {
		t.Fatalf("held at start: %v, %v", active, err)
	}
	for _, want := range []bool{true, false, true} {
		chip.Pull(0, false)
		quiet(t, in)
		chip.Pull(0, true)
		if e := next(t, in); e.Active != want {
			t.Fatalf("toggled to %v", e.Active)
		}
	}
}

// TestKernelLostEdges has more edges than the kernel keeps while nobody reads.
func TestKernelLostEdges(t *testing.T) {
	chip := hil.NewChip(t, "board", "PTT")
	in := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT"}})
	const edges = 1501
	for i := range edges {
		chip.Pull(0, i%2 == 0)
		time.Sleep(12 * time.Millisecond)
	}
	var last hal.Edge
	eventually(t, "the last edge", func() bool {
		for {
			select {
			case last = <-in.Edges():
			case <-time.After(2 * time.Second):
				return true
			}
		}
	})
	t.Logf("%d edges lost", in.Lost())
	if in.Lost() == 0 {
		t.Error("no edge was lost: this proves nothing")
	}
	if !last.Active {
		t.Error("the line ends inactive, and is active")
	}
}

func TestKernelChipVanishes(t *testing.T) {
	chip := hil.NewChip(t, "board", "PTT", "KEY")
	in := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT"}})
	out, err := gpio.OpenOutput(gpio.Line{Chip: "board", Name: "KEY"})
	if err != nil {
		t.Fatal(err)
	}
	chip.Unplug()
	select {
	case _, open := <-in.Edges():
		if open || !errors.Is(in.Err(), hal.ErrGone) {
			t.Errorf("open: %v, %v", open, in.Err())
		}
	case <-time.After(patience):
		t.Fatal("nobody noticed")
	}
	if _, err := in.Active(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Active: %v", err)
	}
	if err := out.Set(true); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Set: %v", err)
	}
	if err := errors.Join(in.Close(), out.Close()); err != nil {
		t.Error(err)
	}
	chip.Plug()
	again := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT"}})
	chip.Pull(0, true)
	next(t, again)
}

func TestKernelClose(t *testing.T) {
	hil.NewChip(t, "board", "PTT", "KEY")
	in := open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "PTT"}})
	if err := errors.Join(in.Close(), in.Close()); err != nil {
		t.Error(err)
	}
	if _, open := <-in.Edges(); open || !errors.Is(in.Err(), hal.ErrClosed) {
		t.Errorf("open: %v, %v", open, in.Err())
	}
	out, err := gpio.OpenOutput(gpio.Line{Chip: "board", Name: "KEY"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(out.Close(), out.Close()); err != nil {
		t.Error(err)
	}
	if err := out.Set(true); !errors.Is(err, hal.ErrClosed) {
		t.Error(err)
	}
}

func TestKernelOutput(t *testing.T) {
	chip := hil.NewChip(t, "board", "KEY", "LOW")
	out, err := gpio.OpenOutput(gpio.Line{Chip: "board", Name: "KEY"})
	if err != nil {
		t.Fatal(err)
	}
	low, err := gpio.OpenOutput(gpio.Line{Chip: "board", Name: "LOW", ActiveLow: true, Drive: gpio.OpenDrain})
	if err != nil {
		t.Fatal(err)
	}
	defer low.Close()
	for _, active := range []bool{false, true, false, true} {
		if err := errors.Join(out.Set(active), low.Set(active)); err != nil {
			t.Fatal(err)
		}
		if chip.High(0) != active {
			t.Errorf("set %v, the line is %v", active, chip.High(0))
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if chip.High(0) {
		t.Error("a closed output stays active")
	}
}

func TestKernelPanel(t *testing.T) {
	chip := hil.NewChip(t, "board", "TALK", "BUSY", "ALERT", "LINK")
	line := func(name string) *gpio.Line { return &gpio.Line{Chip: "board", Name: name} }
	panel, err := gpio.OpenPanel(gpio.PanelLines{Talk: line("TALK"), Alert: line("ALERT"), Link: line("LINK")})
	if err != nil {
		t.Fatal(err)
	}
	shown := func() string {
		return fmt.Sprint(chip.High(0), chip.High(1), chip.High(2), chip.High(3))
	}
	for _, tc := range []struct {
		lamps hal.Lamps
		want  string
	}{
		{hal.Lamps{Talk: true, Busy: true}, "true false false false"},
		{hal.Lamps{Alert: true, Link: true}, "false false true true"},
	} {
		if err := panel.Show(tc.lamps); err != nil || shown() != tc.want {
			t.Errorf("%+v shows %s, %v", tc.lamps, shown(), err)
		}
	}
	if err := panel.Close(); err != nil || shown() != "false false false false" {
		t.Errorf("closed it shows %s, %v", shown(), err)
	}
}

// asKeyer makes this test binary key a line until it is killed, or dies.
const asKeyer = "TALKGATE_TEST_AS_KEYER"

func TestMain(m *testing.M) {
	how := os.Getenv(asKeyer)
	if how == "" {
		os.Exit(m.Run())
	}
	out, err := gpio.OpenOutput(gpio.Line{Chip: "board", Name: "KEY"})
	if err == nil {
		err = out.Set(true)
	}
	fmt.Println("keyed", err)
	_, _ = os.Stdin.Read(make([]byte, 1))
	if how == "panic" {
		panic("as asked")
	}
}

// TestKernelDeathReleasesOutput keys a line in another process and lets it die.
func TestKernelDeathReleasesOutput(t *testing.T) {
	for _, how := range []string{"kill", "panic", "exit"} {
		t.Run(how, func(t *testing.T) {
			chip := hil.NewChip(t, "board", "KEY")
			keyer := exec.Command(os.Args[0])
			keyer.Env = append(os.Environ(), asKeyer+"="+how)
			stdin, err := keyer.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := keyer.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "keyed", func() bool { return chip.High(0) })
			if how == "kill" {
				_ = keyer.Process.Kill()
			} else {
				stdin.Close()
			}
			_ = keyer.Wait() // it is told to fail
			if chip.High(0) {
				t.Error("still keyed")
			}
			free, err := gpio.OpenOutput(gpio.Line{Chip: "board", Name: "KEY"})
			if err != nil {
				t.Fatal(err)
			}
			free.Close()
		})
	}
}
