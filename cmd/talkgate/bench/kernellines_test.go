//go:build hil

package bench

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/hal/hil"
)

// spurtsHeard counts in the lines a radio has said until now how often somebody
// had the floor.
func spurtsHeard(p *talkgatetest.Process) (n int) {
	for held := false; ; {
		select {
		case line := <-p.Lines:
			now := strings.Contains(line, "lamps=busy")
			if now && !held {
				n++
			}
			held = now
		case <-time.After(time.Second):
			return n
		}
	}
}

// TestKernelPortIgnoresGlitches: pulses that are shorter than the glitch filter
// ask for nothing, and a press between them is one.
func TestKernelPortIgnoresGlitches(t *testing.T) {
	b := newBench(t, "ptt: {chip: board, line: PTT, pull: keep, glitch: 100ms, debounce: 0s}")
	south := b.Site.Port("south")
	b.start()
	b.lit(lineLink, true)
	const pulses, rounds = 30, 10
	judged := false
	for range rounds {
		sent, longest := b.status().Talked.Sent, time.Duration(0)
		for range pulses {
			began := time.Now()
			b.press(true)
			time.Sleep(15 * time.Millisecond)
			b.press(false)
			longest = max(longest, time.Since(began))
			time.Sleep(15 * time.Millisecond)
		}
		n := spurtsHeard(south)
		if longest > 90*time.Millisecond {
			continue // this machine was too busy for a pulse, and made it a press
		}
		judged = true
		if n > 0 || b.status().Talked.Sent > sent {
			t.Errorf("%d pulses of %v at most talked %d times", pulses, longest, n)
		}
		break
	}
	if !judged {
		t.Errorf("in none of %d rounds all pulses were short: this proves nothing", rounds)
	}
	b.trySome("talking", b.press, func(within time.Duration) bool { return south.Hears(`lamps=busy,link `, within) })
	b.press(false)
	b.lit(lineTalk, false)
}

// TestKernelPortOnARadioInterface has squelch and PTT on USB: what the radio
// receives is heard on the channel, what the channel says keys the radio; the
// interface is unplugged in mid-word and comes back; and kill -9 unkeys.
func TestKernelPortOnARadioInterface(t *testing.T) {
	const voldn = 2
	radio := hil.NewInterface(t, "c0ffee")
	b := newBench(t, `cor: {chip: "serial:c0ffee", line: VOLDN}`, `ptt_out: {chip: "usb:`+radio.Socket+`", line: GPIO3}`)
	squelch := func(open bool) { radio.Press(map[bool]byte{true: voldn}[open]) }
	b.plugIn()
	south := b.Site.Port("south")
	b.start()
	b.lit(lineLink, true)

	b.far.loud.Store(true)
	heard := func(within time.Duration) bool { return south.Hears(`speaker=heard holder="board"`, within) }
	b.trySome("the radio is heard", squelch, heard)
	b.lit(lineTalk, true)
	squelch(false)
	b.lit(lineTalk, false)
	b.far.loud.Store(false)
	b.far.hears(false)

	b.hearAtCard(south)
	eventually(t, "keyed", func() bool { return radio.High(3) })
	south.Say("release")
	eventually(t, "let go", func() bool { return !radio.High(3) })

	b.trySome("talking", squelch, func(within time.Duration) bool { return soon(within, func() bool { return b.chip.High(lineTalk) }) })
	radio.Unplug()
	b.port.Until(`hardware is gone; waiting for it`)
	b.port.Until(`hardware is missing; waiting for it.*radio interface`)
	b.lit(lineAlert, true)
	radio.Plug()
	b.port.Until(`the hardware is there`)
	b.lit(lineLink, true)
	b.far.loud.Store(true)
	b.trySome("the radio is heard again", squelch, heard)
	squelch(false)
	b.far.loud.Store(false)
	b.far.hears(false)

	b.hearAtCard(south)
	eventually(t, "keyed", func() bool { return radio.High(3) })
	b.port.Signal(syscall.SIGKILL)
	eventually(t, "let go by the guard", func() bool { return !radio.High(3) })
}

// TestKernelReadbackHeartbeatAndAmplifier: the heartbeat goes while the port
// does; the amplifier is enabled for what the channel says; a transmitter that
// does not do as it is told is let go and shown.
func TestKernelReadbackHeartbeatAndAmplifier(t *testing.T) {
	b := newBench(t, "ptt: {chip: board, line: PTT, pull: keep}", "ptt_out: {chip: board, line: KEY}",
		"ptt_readback: {chip: board, line: ECHO, active_low: false, pull: keep, debounce: 0s}",
		"heartbeat: {chip: board, line: HEART}", "amplifier: {chip: board, line: AMP}")
	b.plugIn()
	south := b.Site.Port("south")
	b.start()
	b.lit(lineLink, true)
	beats := func() {
		t.Helper()
		for _, high := range []bool{true, false, true, false} {
			b.lit(lineHeart, high)
		}
	}
	beats()

	// Nothing moves the readback: the transmitter is broken.
	b.trySome("a fault is shown", func(down bool) {
		south.Say(map[bool]string{true: "press", false: "release"}[down])
	}, func(within time.Duration) bool {
		return soon(within, func() bool { return b.status().KeyFault == "not_keyed" })
	})
	b.lit(lineAmp, true)
	b.lit(lineAlert, true)
	b.lit(lineKey, false)
	south.Say("release")
	b.lit(lineAmp, false)

	// It is seen to transmit again.
	follow := time.NewTicker(10 * time.Millisecond)
	defer follow.Stop()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-follow.C:
				b.chip.Pull(lineEcho, b.chip.High(lineKey))
			}
		}
	}()
	b.hearAtCard(south)
	b.lit(lineKey, true)
	b.lit(lineAlert, false)
	south.Say("release")
	b.lit(lineKey, false)
	beats()

	// A port that hangs beats no more.
	if err := b.port.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	level, moved := b.chip.High(lineHeart), false
	for range 100 {
		time.Sleep(10 * time.Millisecond)
		moved = moved || b.chip.High(lineHeart) != level
	}
	if moved {
		t.Error("the heart of a stopped process beats")
	}
	if err := b.port.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	beats()
}
