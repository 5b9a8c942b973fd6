//go:build hil

package bench

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/hal/hil"
	"github.com/talkgate/talkgate/state/fleet"
)

// TestKernelPort is a port from the button's contact and the microphone's socket
// to another's ear, and back.
func TestKernelPort(t *testing.T) {
	b := newBench(t)
	b.plugIn()
	south := b.Site.Port("south")

	// Stuck at boot: it does not talk until it was let up.
	b.press(true)
	b.start()
	b.port.Until(`is held at start.* line=push-to-talk`)
	b.lit(lineLink, true)
	if b.chip.High(lineTalk) {
		t.Error("a stuck button talks")
	}
	b.press(false)

	// Press, with bounce: one talk spurt, heard.
	b.far.loud.Store(true)
	time.Sleep(200 * time.Millisecond)
	for range 2 {
		b.press(true)
		time.Sleep(15 * time.Millisecond)
		b.press(false)
		time.Sleep(15 * time.Millisecond)
	}
	b.speak(south)
	b.lit(lineTalk, true)
	b.press(false)
	b.lit(lineTalk, false)
	south.Until(`lamps=link speaker=quiet holder=""`)
	b.far.loud.Store(false)

	// The channel speaks: heard at the card, and the transmitter keyed around it.
	b.far.hears(false)
	air := b.watchAir()
	b.hearAtCard(south)
	b.lit(lineBusy, true)
	south.Say("release")
	b.lit(lineBusy, false)
	b.far.hears(false)
	b.lit(lineKey, false)
	air.coversAllHeard(t)

	// Without rights: the alert lamp, and nobody hears.
	b.Revoke("board")
	b.lit(lineLink, false)
	b.press(true)
	b.lit(lineAlert, true)
	b.press(false)
	b.lit(lineAlert, false)
	b.Grant("board")
	b.lit(lineLink, true)

	// Killed while it is keyed, the kernel lets go of the lines.
	b.hearAtCard(south)
	b.lit(lineKey, true)
	b.port.Signal(syscall.SIGKILL)
	for line, name := range []string{lineKey: "KEY", lineBusy: "BUSY", lineLink: "LINK"} {
		if name != "" && b.chip.High(line) {
			t.Errorf("after kill -9 %s is driven", name)
		}
	}
}

// TestKernelPortComesBack takes chip and card away, and gives them back.
func TestKernelPortComesBack(t *testing.T) {
	b := newBench(t)
	south := b.Site.Port("south")
	b.start()
	b.lit(lineLink, true)

	b.chip.Unplug()
	b.port.Until(`hardware is gone; waiting for it`)
	b.port.Until(`hardware is missing; waiting for it.*line PTT of chip board`)
	b.Sighted("board", "the fleet reads what is missing", func(g fleet.Sighting) bool {
		return g.Live && !g.Report.Health.OnAir && strings.HasPrefix(g.Report.Health.Summary, "waiting for hardware: ")
	})
	b.chip.Plug()
	b.chip.Pull(linePTT, true)
	b.lit(lineLink, true)

	b.trySome("talking", b.press, func(within time.Duration) bool { return south.Hears(`lamps=busy,link `, within) })
	unplugged := hil.UnplugCard(t)
	b.port.Until(`hardware is gone; waiting for it`)
	if err := <-unplugged; err != nil {
		t.Fatal(err)
	}
	b.port.Until(`hardware is missing; waiting for it.*sound card`)
	eventually(t, "the floor is free", func() bool { return south.Hears(`lamps=link speaker=quiet holder=""`, talkgatetest.Patience) })
	b.lit(lineAlert, true)
	hil.PlugCard(t)
	b.lit(lineLink, true)
	// Still held since before: it does not talk until let up.
	if b.chip.High(lineTalk) {
		t.Error("held while it started anew, it talks")
	}
	b.press(false)
	b.plugIn()
	b.far.loud.Store(true)
	time.Sleep(200 * time.Millisecond)
	b.speak(south)
	b.press(false)
	b.lit(lineTalk, false)

	// SIGTERM while hardware is missing ends it at once, and well.
	b.chip.Unplug()
	b.port.Until(`hardware is missing`)
	b.port.Stop(syscall.SIGTERM)
}
