//go:build hil

package bench

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/hal"
)

// TestKernelTransmitter: what a kernel's line keys, in the time of its sound card. After
// the first transmission it identifies itself in Morse code; a long one is cut by the
// duty cycle, and what follows waits until it has cooled down, the identifier too.
func TestKernelTransmitter(t *testing.T) {
	b := newBench(t, radioLines()...)
	south := b.Site.Port("south")
	b.key = "{lead: 500ms, tail: 1s, duty: 80%, duty_window: 10s, cool_down: 6s, ident: {call: T1, interval: 10s, wpm: 12}}"
	b.configure("board", "oto", radioLines()...)
	b.squelch(false)
	b.plugIn()
	b.start()
	b.lit(lineLink, true)
	b.untilRight("identified after the first transmission", func() (wrong []string) { return b.identifies(south) })
	b.untilRight("cut by the duty cycle", func() (wrong []string) { return b.coolsDown(south) })
}

// untilRight does something again for as long as it goes wrong because this machine was
// too busy for its sound card.
func (b *bench) untilRight(what string, do func() (wrong []string)) {
	b.T.Helper()
	for range 6 {
		xruns := b.status().Xruns + b.far.xruns()
		wrong := do()
		if len(wrong) == 0 {
			return
		}
		xruns = b.status().Xruns + b.far.xruns() - xruns
		b.T.Logf("%s: %s; %d times the card ran full or empty", what, strings.Join(wrong, "; "), xruns)
		if xruns == 0 {
			b.T.Error("wrong")
			return
		}
	}
	b.T.Errorf("%s: never right", what)
}

// identifies lets the far radio talk shortly, and reads what is sounded after it.
func (b *bench) identifies(south *talkgatetest.Process) (wrong []string) {
	const dot = hal.SampleRate / hal.PeriodSamples / 10 // in periods
	before := b.identified()
	b.hearAtCard(south)
	south.Say("release")
	morse := b.listenFor(800)
	eventually(b.T, "identified", func() bool { return b.identified() > before })
	b.lit(lineKey, false)
	if code := morse.morse(dot); !strings.Contains(code, "- .----") {
		wrong = append(wrong, fmt.Sprintf("identified as %q", code))
	}
	return wrong
}

// coolsDown lets the far radio talk for longer than the transmitter may be keyed, and
// then waits for the identifier.
func (b *bench) coolsDown(south *talkgatetest.Process) (wrong []string) {
	const (
		second       = hal.SampleRate / hal.PeriodSamples // in periods
		window, duty = 10 * second, 8 * second
		coolDown     = 6 * second
		byItself     = window - duty + window/8 // how long the duty cycle lets go without it, at most
	)
	air, morse, before := b.watchAir(), b.listenFor(800), b.status().Keying
	not := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	cooling, talks := func() bool { return b.status().Keying.CoolDowns > before.CoolDowns }, func() bool { return b.status().Holder == "south" }
	for range 4 { // a machine that is too busy loses the floor
		south.Say("press")
		if soon(talkgatetest.Patience/4, talks) && soon(talkgatetest.Patience, func() bool { return cooling() || !talks() }) && cooling() {
			break
		}
		south.Say("release")
		eventually(b.T, "let go", func() bool { return !talks() })
	}
	if !cooling() {
		b.T.Fatal("never cut by the duty cycle")
	}
	b.lit(lineKey, false)
	identified, lost, cut := b.identified(), b.status().Keying.Lost, len(air.periods())
	eventually(b.T, "what is said meanwhile is lost", func() bool { return b.status().Keying.Lost > lost })
	south.Say("release")
	if b.status().Keying.Cooling && b.identified() != identified {
		not("identified while it cools down")
	}
	b.lit(lineKey, true)
	eventually(b.T, "identified again", func() bool { return b.identified() > identified })
	b.lit(lineKey, false)
	if morse.melody() == "" {
		not("nothing of the identifier is heard")
	}
	if heard, unkeyed := air.heardAtAll(); heard == 0 || unkeyed > heard/10 {
		not("of %d periods that were heard, %d were not on the air", heard, unkeyed)
	}
	keyed := air.periods()
	most, off := busiest(keyed, window), pause(keyed[max(0, cut-second):])
	b.T.Logf("of %d periods %d were keyed at most, and then it let go for %d", window, most, off)
	if most == window {
		not("it was keyed for %d periods without a pause", window)
	}
	if off < (coolDown+byItself)/2 {
		not("it cooled down for %d periods, not %d", off, coolDown)
	}
	return wrong
}

// identified is how often the transmitter has identified itself.
func (b *bench) identified() int {
	b.T.Helper()
	found := regexp.MustCompile(`(?m)^talkgate_port_identifications_total (\d+)$`).FindStringSubmatch(talkgatetest.Get(b.T, b.url+"/metrics"))
	if found == nil {
		b.T.Fatal("no identifications are counted")
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		b.T.Fatal(err)
	}
	return n
}

// busiest is how many of so many periods in a row were keyed at most.
func busiest(keyed []bool, window int) (most int) {
	n := 0
	for i, on := range keyed {
		if on {
			n++
		}
		if i >= window && keyed[i-window] {
			n--
		}
		most = max(most, n)
	}
	return most
}

// pause is for how many periods in a row it was not keyed at most.
func pause(keyed []bool) (most int) {
	n := 0
	for _, on := range keyed {
		if n++; on {
			n = 0
		}
		most = max(most, n)
	}
	return most
}
