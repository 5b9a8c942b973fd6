//go:build hil

package cm108_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/cm108"
	"github.com/talkgate/talkgate/hal/contact"
	"github.com/talkgate/talkgate/hal/hil"
)

// patience is how long anything may take on a busy machine.
const patience = 20 * time.Second

// voldn is the bit of the button where a squelch is.
const voldn = 2

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func next(t *testing.T, in *cm108.Input) hal.Edge {
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

func squelch(chip string) cm108.InputConfig {
	return cm108.InputConfig{Line: cm108.Line{Chip: chip, Name: "VOLDN", ActiveLow: true}}
}

// TestKernelSquelchAndPTT finds the interface by socket and by serial number,
// reads its squelch and keys its transmitter.
func TestKernelSquelchAndPTT(t *testing.T) {
	radio := hil.NewInterface(t, "c0ffee")
	for _, chip := range []string{"usb:" + radio.Socket, "serial:c0ffee"} {
		in, err := cm108.OpenInput(squelch(chip))
		if err != nil {
			t.Fatal(err)
		}
		if active, err := in.Active(); active || err != nil {
			t.Errorf("at rest: %v, %v", active, err)
		}
		out, err := cm108.OpenOutput(cm108.Line{Chip: chip, Name: "GPIO3"})
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			for _, open := range []bool{true, false} {
				began := time.Now()
				radio.Press(map[bool]byte{true: voldn | 1}[open])
				if e := next(t, in); e.Active != open || e.At.Before(began) || time.Since(e.At) > patience {
					t.Errorf("edge %+v, moved at %v", e, began)
				}
				if err := out.Set(open); err != nil {
					t.Fatal(err)
				}
				eventually(t, "keyed as told", func() bool { return radio.High(3) == open })
			}
		}
		if err := errors.Join(out.Set(true), out.Close(), out.Close(), in.Close(), in.Close()); err != nil {
			t.Error(err)
		}
		eventually(t, "let go by Close", func() bool { return !radio.High(3) })
		if err := out.Set(true); !errors.Is(err, hal.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		if _, open := <-in.Edges(); open || !errors.Is(in.Err(), hal.ErrClosed) {
			t.Errorf("closed: %v, %v", open, in.Err())
		}
	}
}

func TestKernelBounceOfASquelch(t *testing.T) {
	radio := hil.NewInterface(t, "c0ffee")
	cfg := squelch("usb:" + radio.Socket)
	cfg.Config = contact.Config{Filter: contact.Filter{Debounce: time.Second}}
	in, err := cm108.OpenInput(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for range 3 {
		radio.Press(voldn)
		radio.Press(0)
	}
	radio.Press(voldn)
	if e := next(t, in); !e.Active {
		t.Error("the first edge is not the opening")
	}
	select {
	case e := <-in.Edges():
		t.Errorf("unexpected edge %+v", e)
	case <-time.After(2 * time.Second):
	}
}

// TestKernelInterfaceIsUnplugged ends both lines, and both come back.
func TestKernelInterfaceIsUnplugged(t *testing.T) {
	radio := hil.NewInterface(t, "c0ffee")
	for range 3 {
		in, err := cm108.OpenInput(squelch("serial:c0ffee"))
		if err != nil {
			t.Fatal(err)
		}
		out, err := cm108.OpenOutput(cm108.Line{Chip: "serial:c0ffee", Name: "GPIO3"})
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Set(true); err != nil {
			t.Fatal(err)
		}
		eventually(t, "keyed", func() bool { return radio.High(3) })
		radio.Unplug()
		select {
		case _, open := <-in.Edges():
			if open || !errors.Is(in.Err(), hal.ErrGone) {
				t.Errorf("open: %v, %v", open, in.Err())
			}
		case <-time.After(patience):
			t.Fatal("nobody noticed")
		}
		if err := out.Set(false); !errors.Is(err, hal.ErrGone) {
			t.Errorf("Set: %v", err)
		}
		if err := errors.Join(in.Close(), out.Close()); err != nil {
			t.Error(err)
		}
		if _, err := cm108.OpenInput(squelch("serial:c0ffee")); !errors.Is(err, hal.ErrGone) {
			t.Errorf("unplugged: %v", err)
		}
		radio.Plug()
	}
}

// asKeyer makes this test binary key a pin until it is killed.
const asKeyer = "TALKGATE_TEST_AS_KEYER"

func TestMain(m *testing.M) {
	if os.Getenv(asKeyer) == "" {
		os.Exit(m.Run())
	}
	out, err := cm108.OpenOutput(cm108.Line{Chip: "serial:c0ffee", Name: "GPIO3"})
	if err == nil {
		err = out.Set(true)
	}
	fmt.Println("keyed", err)
	select {}
}

// TestKernelDeathUnkeys kills a process that keys: its guard lets go.
func TestKernelDeathUnkeys(t *testing.T) {
	radio := hil.NewInterface(t, "c0ffee")
	keyer := exec.Command(os.Args[0])
	keyer.Env = append(os.Environ(), asKeyer+"=1")
	if err := keyer.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "keyed", func() bool { return radio.High(3) })
	_ = keyer.Process.Kill()
	_ = keyer.Wait() // it was killed
	eventually(t, "let go", func() bool { return !radio.High(3) })
}
