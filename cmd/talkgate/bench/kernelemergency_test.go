//go:build hil

package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestKernelEmergency: a button on a kernel's line, held for its guard by the kernel's
// clock, takes the floor from who talks; its lamp is lit until it was held again.
func TestKernelEmergency(t *testing.T) {
	b := newBench(t, "ptt: {chip: board, line: PTT, pull: keep}", "emergency: {chip: board, line: RED, pull: keep}")
	code, token, stderr := talkgatetest.Run(t, "", "token", "--secret-file", b.Path("hub.secret"), "--user", "board", "--channel", "gates", "--role", "DISPATCH")
	if code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	b.Write("board.token", token)
	b.Write("board.yaml", strings.NewReplacer(
		"user_name: The board}", "user_name: The board, role: DISPATCH}",
		"  lamps:\n", "  lamps:\n    emergency: {chip: board, line: SOS}\n",
	).Replace(b.Read("board.yaml")))
	b.chip.Pull(lineRed, true)
	b.plugIn()
	b.far.loud.Store(true)
	south := b.Site.Port("south")
	b.start()
	b.lit(lineLink, true)
	south.Say("press")
	south.Until(`^state=talking`)
	red := func(held bool) { b.chip.Pull(lineRed, !held) }
	red(true)
	time.Sleep(time.Second)
	red(false)
	time.Sleep(2 * time.Second)
	if s := b.status(); s.Emergency || s.State != "idle" {
		t.Fatalf("after a second: %s, emergency %v", s.State, s.Emergency)
	}
	began := time.Now()
	red(true)
	b.lit(lineSOS, true)
	if d := time.Since(began); d < 2*time.Second {
		t.Errorf("an emergency after %v", d)
	}
	b.lit(lineTalk, true)
	south.Until(`^state=refused .*emergency.* speaker=heard holder="board"`)
	red(false)
	time.Sleep(time.Second)
	b.lit(lineTalk, true)
	red(true)
	b.lit(lineSOS, false)
	b.lit(lineTalk, false)
	red(false)
	south.Until(`speaker=quiet holder=""`)
}
