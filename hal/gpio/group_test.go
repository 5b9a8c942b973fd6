//go:build hil

package gpio_test

import (
	"testing"

	"github.com/talkgate/talkgate/hal/contact"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/hal/hil"
)

// TestKernelLinesTogether: who reads the edge of one line finds the earlier edge of the
// other there already, on a machine that is busy, and each line keeps its own polarity.
func TestKernelLinesTogether(t *testing.T) {
	chip := hil.NewChip(t, "board", "A", "B")
	stop := make(chan struct{})
	defer close(stop)
	for range 4 {
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
	}
	chip.Pull(1, true)
	lines, err := gpio.OpenInputs(
		gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "A"}, Config: contact.Config{}},
		gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "B", ActiveLow: true}, Config: contact.Config{}},
	)
	if err != nil {
		t.Fatal(err)
	}
	a, b := lines[0], lines[1]
	t.Cleanup(func() { a.Close(); b.Close() })
	for round := range 100 {
		active := round%2 == 0
		for line, high := range []bool{active, !active} {
			chip.Pull(line, high)
			eventually(t, "the line to move", func() bool { return chip.High(line) == high })
		}
		second := next(t, b)
		if len(a.Edges()) != 1 {
			t.Fatalf("round %d: the edge of B is there, and that of A, which came before, is not", round)
		}
		first := next(t, a)
		if first.Active != active || second.Active != active || second.At.Before(first.At) {
			t.Fatalf("round %d: %+v, then %+v", round, first, second)
		}
	}
	if n := a.Lost() + b.Lost(); n != 0 {
		t.Errorf("%d edges were lost", n)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	chip.Pull(1, false)
	if e := next(t, b); !e.Active {
		t.Error("B is not followed anymore once A is closed")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "A"}}) // it is free again
	if _, err := gpio.OpenInputs(gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "B"}}, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "A"}}); err == nil {
		t.Error("a line that is used was taken")
	}
	open(t, gpio.InputConfig{Line: gpio.Line{Chip: "board", Name: "B"}}) // nothing of it was kept
}
