//go:build hil

package bench

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal/hil"
)

// TestKernelPortOnAPedal has its button on a foot switch: pressed, it is heard.
// Unplugged in mid-word, it is released, the port stays on air and says what it lacks;
// plugged in again it works again.
func TestKernelPortOnAPedal(t *testing.T) {
	pedal := hil.NewPedal(t, "talkgate pedal", "KEY_F13", "KEY_F14")
	b := newBench(t, `ptt: {input: talkgate pedal, key: KEY_F13}`)
	press := func(down bool) { pedal.Press("KEY_F13", down) }
	talks := func(within time.Duration) bool { return soon(within, func() bool { return b.chip.High(lineTalk) }) }
	b.plugIn()
	south := b.Site.Port("south")
	b.start()
	b.lit(lineLink, true)

	b.far.loud.Store(true)
	b.trySome("the pedal talks", press, func(within time.Duration) bool { return south.Hears(`speaker=heard holder="board"`, within) })
	pedal.Unplug()
	b.lit(lineTalk, false)
	eventually(t, "the floor is free", func() bool { return south.Hears(`lamps=link speaker=quiet holder=""`, 10*time.Second) })
	missing := func() bool {
		return slices.ContainsFunc(b.status().Faults, func(f status.Finding) bool {
			return f.Check == "push-to-talk" && strings.Contains(f.Found, "KEY_F13")
		})
	}
	eventually(t, "the status says what is missing", missing)
	b.lit(lineLink, true)

	pedal.Plug()
	eventually(t, "nothing is missing", func() bool { return !missing() })
	b.trySome("the pedal talks again", press, talks)
	press(false)
	b.lit(lineTalk, false)
}
