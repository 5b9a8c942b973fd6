//go:build hil

package bench

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/talkgate/talkgate/hal"
)

// air is whether the transmitter was keyed, in each period that came to the card's far
// end: time by the card's clock.
type air struct {
	mu      sync.Mutex
	keyed   []bool
	heard   int // periods in which something was
	unkeyed int // of them, while it was not keyed
}

// watchAir follows the key from now on.
func (b *bench) watchAir() *air {
	a := new(air)
	b.far.listen(func(period []int16) {
		keyed := b.chip.High(lineKey)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.keyed = append(a.keyed, keyed)
		if level, _ := rough(period); level > audibleAtCard {
			a.heard++
			if !keyed {
				a.unkeyed++
			}
		}
	})
	return a
}

// heardAtAll is in how many periods something was heard, and in how many of them while
// it was not keyed.
func (a *air) heardAtAll() (heard, unkeyed int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.heard, a.unkeyed
}

// coversAllHeard wants the transmitter to be keyed whenever something was heard.
func (a *air) coversAllHeard(t *testing.T) {
	t.Helper()
	if heard, unkeyed := a.heardAtAll(); heard == 0 || unkeyed > 0 {
		t.Errorf("of %d periods that were heard, %d were not on the air", heard, unkeyed)
	}
}

// periods are all so far, true where it was keyed.
func (a *air) periods() []bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.keyed)
}

// notes writes down the tones that are heard at the card: a frequency for each, and
// for how many periods it was.
type notes struct {
	hertz []float64 // that it knows

	mu    sync.Mutex
	last  []int16
	heard []note
}

// note is a tone, or with hertz 0 what is none.
type note struct {
	hertz   float64
	periods int
}

// listenFor writes down tones of these frequencies from now on.
func (b *bench) listenFor(hertz ...float64) *notes {
	n := &notes{hertz: hertz, last: make([]int16, hal.PeriodSamples)}
	b.far.listen(n.hear)
	return n
}

func (n *notes) hear(period []int16) {
	n.mu.Lock()
	defer n.mu.Unlock()
	both, now := slices.Concat(n.last, period), 0.0
	if level, _ := rough(both); level > audibleAtCard {
		for _, hz := range n.hertz {
			if share(both, hz) > 0.85 {
				now = hz
			}
		}
	}
	n.last = both[len(period):]
	if k := len(n.heard); k > 0 && n.heard[k-1].hertz == now {
		n.heard[k-1].periods++
		return
	}
	n.heard = append(n.heard, note{now, 1})
}

// melody is the frequencies that were heard so far.
func (n *notes) melody() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, one := range n.heard {
		if one.hertz > 0 {
			all = append(all, fmt.Sprint(one.hertz))
		}
	}
	return strings.Join(all, " ")
}

// morse is what was heard so far in dots of so many periods, and the dashes and spaces
// that belong to them: "- .---- ". What is shorter than half a dot counts as what is
// around it: a card that ran full or empty.
func (n *notes) morse(dot int) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var whole []note
	for _, one := range n.heard {
		last := len(whole) - 1
		switch {
		case last < 0:
			whole = append(whole, one)
		case one.periods < dot/2, one.hertz == whole[last].hertz:
			whole[last].periods += one.periods
		default:
			whole = append(whole, one)
		}
	}
	var code strings.Builder
	for _, one := range whole {
		switch long := one.periods >= 2*dot; {
		case one.hertz == 0 && long:
			code.WriteByte(' ')
		case one.hertz > 0 && long:
			code.WriteByte('-')
		case one.hertz > 0:
			code.WriteByte('.')
		}
	}
	return code.String()
}
