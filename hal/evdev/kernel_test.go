//go:build hil

package evdev

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/contact"
	"github.com/talkgate/talkgate/hal/hil"
)

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(longest); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// nodeOf is the device file of a foot switch.
func nodeOf(t *testing.T, p *hil.Pedal) (path string) {
	t.Helper()
	eventually(t, "its device appears", func() bool {
		node, err := system().find(p.Name)
		path = "/dev/input/" + node
		if err == nil {
			_, err = os.Stat(path)
		}
		return err == nil
	})
	return path
}

// TestKernelPedal presses two pedals of one switch, with the kernel's times, and wants
// what is pressed to reach nobody else while it is grabbed, and others again after.
func TestKernelPedal(t *testing.T) {
	pedal := hil.NewPedal(t, "talkgate pedal", "KEY_F13", "KEY_F14")
	other, err := openNode(nodeOf(t, pedal), false)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	d := NewDevices()
	var inputs []*Input
	for _, key := range pedal.Keys() {
		in, err := d.Open(Key{pedal.Name, key}, contact.Config{})
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	for range 50 {
		for i, key := range pedal.Keys() {
			for _, down := range []bool{true, false} {
				began := time.Now()
				pedal.Press(key, down)
				// The kernel stamps microseconds.
				if e := next(t, inputs[i]); e.Active != down || e.At.Before(began.Add(-time.Millisecond)) || time.Since(e.At) < 0 {
					t.Errorf("edge %+v, moved at %v", e, began)
				}
			}
		}
	}
	for _, in := range inputs {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
	buf := make([]byte, 64*eventSize)
	if n, err := other.read(buf, time.Now().Add(50*time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("grabbed, somebody else read %d octets, %v", n, err)
	}
	pedal.Press("KEY_F13", true)
	if n, err := other.read(buf, time.Now().Add(longest)); n == 0 || err != nil {
		t.Errorf("let go, somebody else read %d octets, %v", n, err)
	}
}

// TestKernelPedalIsUnplugged in mid-press: released, missing, and back.
func TestKernelPedalIsUnplugged(t *testing.T) {
	pedal := hil.NewPedal(t, "talkgate pedal", "KEY_F13")
	nodeOf(t, pedal)
	in, err := NewDevices().Open(Key{pedal.Name, "KEY_F13"}, contact.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for range 5 {
		pedal.Press("KEY_F13", true)
		wants(t, in, true)
		pedal.Unplug()
		wants(t, in, false)
		eventually(t, "it is missing", func() bool { return errors.Is(in.Missing(), hal.ErrGone) })
		if err := (Key{pedal.Name, "KEY_F13"}).Check(); !errors.Is(err, hal.ErrGone) {
			t.Errorf("%v", err)
		}
		pedal.Plug()
		eventually(t, "it is back", func() bool { return in.Missing() == nil })
	}
}

// TestKernelGrabbedByAnother is an error that says so.
func TestKernelGrabbedByAnother(t *testing.T) {
	pedal := hil.NewPedal(t, "talkgate pedal", "KEY_F13")
	other, err := openNode(nodeOf(t, pedal), true)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := NewDevices().Open(Key{pedal.Name, "KEY_F13"}, contact.Config{}); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("%v", err)
	}
}

// TestKernelLearn lists the switch, and learns which key is pressed.
func TestKernelLearn(t *testing.T) {
	pedal := hil.NewPedal(t, "talkgate pedal", "KEY_F13", "BTN_LEFT")
	nodeOf(t, pedal)
	all, err := List()
	if err != nil || !slices.ContainsFunc(all, func(d Device) bool { return d.Use() == pedal.Name && len(d.Keys) == 2 }) {
		t.Errorf("%+v, %v", all, err)
	}
	learned := make(chan struct{})
	go func() {
		for down := true; ; down = !down {
			select {
			case <-learned:
				return
			case <-time.After(50 * time.Millisecond):
				pedal.Press("KEY_F13", down)
			}
		}
	}()
	key, err := Learn(t.Context())
	close(learned)
	if want := (Key{pedal.Name, "KEY_F13"}); key != want || err != nil {
		t.Errorf("%v, %v", key, err)
	}
}
