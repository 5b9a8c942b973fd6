//go:build hil

package bench

import (
	"regexp"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestKernelTimeOut: the button of a kernel's line, held for too long: warned by a tone
// at the card, cut, and refused for a while without asking. And when another talks it
// waits for its turn, which is told by a tone.
func TestKernelTimeOut(t *testing.T) {
	const permit, warning, revoked, deny, busy = "880 1175", "1000 1000", "880 660 440", "440 330", "480 480 480"
	b := newBench(t)
	south := b.Site.Port("south")
	b.More = "talk: {lease: 5s, lock_ttl: 10s, max_talk: 5s, warn: 2s, penalty: 5s, queue: 1m}\n"
	b.sound = "tones: {enabled: true, released: {enabled: false}}"
	b.configure("board", "oto", "ptt: {chip: board, line: PTT, pull: keep}")
	b.plugIn()
	b.start()
	b.lit(lineLink, true)
	told := b.listenFor(330, 440, 480, 660, 880, 1000, 1175)
	b.far.loud.Store(true)

	// A machine that is too busy loses the floor before that, or breaks a tone.
	round := func(what, melody string, do func() bool) {
		t.Helper()
		expr := regexp.MustCompile(melody)
		for range 6 {
			eventually(t, "at rest", func() bool { s := b.status(); return s.State == "idle" && s.Holder == "" && s.Radio.Talk.Penalty == 0 })
			before := len(told.melody())
			did := do()
			ok := did && soon(3*time.Second, func() bool { return expr.MatchString(told.melody()[before:]) })
			b.press(false)
			south.Say("release")
			if t.Logf("%s: done %v, told by %q", what, did, told.melody()[before:]); ok {
				return
			}
		}
		t.Errorf("never: %s", what)
	}
	round("it waits for its turn", busy+".* "+permit, func() bool {
		south.Say("press")
		south.Say("dial 1") // and no more: tones are heard alone
		eventually(t, "taken", func() bool { return b.status().Holder == "south" })
		time.Sleep(time.Second)
		b.press(true)
		if !soon(talkgatetest.Patience/3, func() bool { return b.status().State == "waiting" && b.status().Radio.Talk.Place == 1 }) {
			return false
		}
		time.Sleep(time.Second) // while the tone sounds
		south.Say("release")
		return south.Hears(`speaker=heard holder="board"`, talkgatetest.Patience/3)
	})
	round("warned, cut, and refused", permit+".* "+warning+".* "+revoked+".* "+deny, func() bool {
		b.press(true)
		if !soon(talkgatetest.Patience, func() bool { return b.status().State == "refused" }) || b.status().Why != "talked for too long" {
			return false
		}
		b.lit(lineAlert, true)
		b.lit(lineTalk, false)
		time.Sleep(time.Second) // while the tone sounds
		b.press(false)
		eventually(t, "let up", func() bool { return b.status().State == "idle" })
		b.press(true)
		eventually(t, "answered", func() bool { return b.status().State != "idle" })
		return b.status().Why == "has to wait after a time-out"
	})
}
