//go:build hil

package gpio_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/driver/driverreg"
	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/hal/hil"
)

// TestKernelEdgeBench moves ten contacts that bounce, 10,000 edges in all, each
// read by this package and, on a second line that moves with it, by periph's
// gpioioctl. The table of docs/lines.md is what it logs.
func TestKernelEdgeBench(t *testing.T) {
	const contacts, rounds = 10, 1075
	names := make([]string, 2*contacts)
	for i := range contacts {
		names[i], names[contacts+i] = fmt.Sprint("OURS", i), fmt.Sprint("PERIPH", i)
	}
	chip := hil.NewChip(t, "bench", names...)
	if _, err := driverreg.Init(); err != nil {
		t.Fatal(err)
	}

	// moves are when each contact moved: not before, and not after.
	type span struct{ from, to time.Time }
	moves := make([][]span, contacts)
	inputs := make([]*gpio.Input, contacts)
	edges := make([]chan hal.Edge, contacts)
	others := make([]*periphLine, contacts)
	for i := range contacts {
		inputs[i] = open(t, gpio.InputConfig{Line: gpio.Line{Chip: "bench", Name: names[i]}})
		edges[i] = make(chan hal.Edge, 2*rounds)
		go func() {
			for e := range inputs[i].Edges() {
				edges[i] <- e
			}
		}()
		others[i] = openPeriph(t, names[contacts+i])
	}

	rnd := rand.New(rand.NewPCG(1, 1))
	level := make([]bool, contacts)
	before, moved := interrupts(t), 0
	for range rounds {
		from, to := time.Now(), make([]bool, contacts)
		for i := range contacts {
			// A contact that bounces moves with nearly every tick.
			if to[i] = rnd.IntN(16) > 0; to[i] {
				level[i] = !level[i]
				chip.Pull(i, level[i])
				chip.Pull(contacts+i, level[i])
				moved += 2
			}
		}
		// Else the simulator would make one interrupt of two edges; and the
		// kernel reads the level of an edge a little after its interrupt.
		eventually(t, "an interrupt for each edge", func() bool { return interrupts(t)-before >= moved })
		time.Sleep(settle / 2)
		for i := range contacts {
			if to[i] {
				moves[i] = append(moves[i], span{from, time.Now()})
			}
		}
	}
	var missed, late, wrong int
	total := 0
	for i, in := range inputs {
		total += len(moves[i])
		for n, move := range moves[i] {
			var e hal.Edge
			select {
			case e = <-edges[i]:
			case <-time.After(settle):
				missed++
				continue
			}
			if e.Active != (n%2 == 0) {
				wrong++
			}
			if e.At.Before(move.from) || e.At.After(move.to) {
				late++
			}
		}
		missed += int(in.Lost()) + len(edges[i])
	}
	seen, wrongThere := 0, 0
	for _, p := range others {
		n, bad := p.stop()
		seen, wrongThere = seen+n, wrongThere+bad
	}
	t.Logf("%d edges; go-gpiocdev: %d lost, %d of the wrong level, %d with a timestamp outside of their tick", total, missed, wrong, late)
	t.Logf("periph gpioioctl: %d lost, %d of the wrong level when read, no timestamps", total-seen, wrongThere)
	if total < 10000 || missed+wrong+late > 0 {
		t.Error("edges were lost or are wrong")
	}
}

// interrupts is how many the kernel took for lines of GPIO chips.
func interrupts(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/interrupts")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 2 && strings.Contains(line, "irq_sim") {
			n, _ := strconv.Atoi(fields[1])
			sum += n
		}
	}
	return sum
}

// periphLine is a line read the way periph offers.
type periphLine struct {
	line  *gpioioctl.GPIOLine
	ended chan struct{}
	seen  int
	wrong int
}

func openPeriph(t *testing.T, name string) *periphLine {
	t.Helper()
	for _, chip := range gpioioctl.Chips {
		line := chip.ByName(name)
		if line == nil {
			continue
		}
		if err := line.In(periph.PullNoChange, periph.BothEdges); err != nil {
			t.Fatal(err)
		}
		p := &periphLine{line: line, ended: make(chan struct{})}
		go func() {
			defer close(p.ended)
			for level := true; line.WaitForEdge(5 * time.Second); level = !level {
				p.seen++
				if bool(line.Read()) != level {
					p.wrong++
				}
			}
		}()
		return p
	}
	t.Fatalf("periph does not find %s", name)
	return nil
}

// stop waits until no more edges come.
func (p *periphLine) stop() (seen, wrong int) {
	<-p.ended
	p.line.Close()
	return p.seen, p.wrong
}
