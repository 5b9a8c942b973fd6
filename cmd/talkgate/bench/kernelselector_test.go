//go:build hil

package bench

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// selectorLines are the button, and lines of a knob.
func selectorLines(names ...string) []string {
	var knob []string
	for i, name := range names {
		knob = append(knob, string(rune('a'+i))+": {chip: board, line: "+name+", pull: keep}")
	}
	return []string{"ptt: {chip: board, line: PTT, pull: keep}", "selector: {" + strings.Join(knob, ", ") + "}"}
}

// at waits until the port has the channel.
func (b *bench) at(channel string) {
	b.T.Helper()
	eventually(b.T, "on "+channel, func() bool { s := b.status(); return s.Channel == channel && s.OnAir })
}

// TestKernelSelector: a knob on a kernel's lines. Turned in mid-word, the old channel is
// left at once, and only a fresh press talks on the new one, which is told by beeps at
// the card.
func TestKernelSelector(t *testing.T) {
	b := newBench(t)
	b.channels, b.sound = []string{"gates", "yards", "docks"}, "tones: {enabled: true}"
	// turn moves a line, which goes to ground, and rests for some ticks of this kernel.
	turn := func(line int, active bool) {
		b.chip.Pull(line, !active)
		time.Sleep(50 * time.Millisecond)
	}
	knob := func(kind string, lines ...string) {
		b.More = "talk: {lease: 5s, lock_ttl: 10s}\nselector: {kind: " + kind + ", channels: gates yards docks}\n"
		b.configure("board", "oto", selectorLines(lines...)...)
		b.start()
	}
	gate, _ := b.Tuned("gate", []string{"gates"}, "", "")
	yard, _ := b.Tuned("yard", []string{"yards"}, "", "")
	for _, far := range []*talkgatetest.Process{gate, yard} {
		far.Until(`^state=idle lamps=link `)
	}
	for line := lineA; line <= lineD; line++ {
		turn(line, false)
	}
	b.plugIn()
	told := b.listenFor(1320)
	b.far.loud.Store(true)

	turn(lineA, true)
	knob("bcd", "A", "B", "C", "D")
	b.at("gates")
	b.speak(gate)
	turn(lineA, false)
	turn(lineB, true)
	gate.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	b.at("yards")
	b.lit(lineTalk, false)
	b.stays(lineTalk, false, time.Second) // it is still pressed
	b.press(false)
	b.speak(yard)
	if gate.Hears(`holder="board"`, time.Second) {
		t.Error("what is said on the new channel is heard on the old one")
	}
	b.press(false)
	yard.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	// A machine that is too busy breaks a beep: then it is chosen again.
	if !b.tells(told, "1320 1320", func() { turn(lineA, true); b.at("docks"); turn(lineA, false); b.at("yards") }) {
		t.Errorf("the second channel was told by %q", told.melody())
	}
	turn(lineB, false) // 0, as of a plug that is out
	b.lit(lineAlert, true)
	if s := b.status(); s.Channel != "" || s.LinkFault != "no_channel" {
		t.Errorf("at 0 it is on %q, %v", s.Channel, s.LinkFault)
	}
	b.port.Stop(syscall.SIGTERM)

	knob("buttons", "A", "B")
	b.at("gates")
	for _, step := range []struct {
		line    int
		channel string
	}{{lineB, "docks"}, {lineA, "gates"}, {lineA, "yards"}} {
		turn(step.line, true)
		turn(step.line, false)
		b.at(step.channel)
	}
	b.speak(yard)
	b.press(false)
	yard.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	b.port.Stop(syscall.SIGTERM)

	knob("rotary", "A", "B")
	b.at("gates")
	// Where lines are read too late a detent does not count, and is turned again.
	detent := func(first, then int, from, to string) {
		t.Helper()
		for range 6 {
			for _, active := range []bool{true, false} {
				turn(first, active)
				turn(then, active)
			}
			if soon(talkgatetest.Patience/6, func() bool { return b.status().Channel != from }) {
				break
			}
		}
		b.at(to)
	}
	detent(lineB, lineA, "gates", "docks")
	turn(lineA, true) // half-way and back
	turn(lineA, false)
	detent(lineA, lineB, "docks", "gates")
	b.speak(gate)
	b.press(false)
}

// tells does something until the notes it makes are, for a part of them, wanted.
func (b *bench) tells(n *notes, wanted string, do func()) bool {
	b.T.Helper()
	for range 5 {
		before := n.melody()
		do()
		if soon(3*time.Second, func() bool { return strings.Contains(strings.TrimPrefix(n.melody(), before), wanted) }) {
			return true
		}
		b.T.Logf("told by %q", strings.TrimPrefix(n.melody(), before))
	}
	return false
}
