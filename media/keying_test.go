package media

import (
	"slices"
	"testing"
	"time"
)

const keyingPeriod = SampleRate / 100

// key sends speech, a number of periods of numbered samples, with pauses around,
// through a stage. It returns what sounded while keyed, and for how many periods
// the transmitter was keyed before the first sample and after the last.
func key(k *Keying, periods, pause int) (sounded []int16, before, after int) {
	next := int16(1)
	for i := range pause + periods + pause {
		period := make([]int16, keyingPeriod)
		speech := i >= pause && i < pause+periods
		if speech {
			for j := range period {
				period[j] = next
				next++
			}
		}
		keyed := k.Process(period, speech, false)
		sounds := slices.ContainsFunc(period, func(s int16) bool { return s != 0 })
		switch {
		case sounds && !keyed:
			panic("it sounds without being keyed")
		case sounds:
			sounded = append(sounded, period...)
			after = 0
		case keyed && len(sounded) == 0:
			before++
		case keyed:
			after++
		}
	}
	return sounded, before, after
}

func TestKeying(t *testing.T) {
	tests := []struct {
		name          string
		timing        KeyTiming
		before, after int // periods of 10 ms
	}{
		{"bare", KeyTiming{}, 0, 0},
		{"lead and tail", KeyTiming{Lead: 100 * time.Millisecond, Tail: 50 * time.Millisecond}, 10, 5},
		{"tail only", KeyTiming{Tail: 30 * time.Millisecond}, 0, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := NewKeying(tt.timing)
			for range 3 { // it keeps nothing from one spurt to the next
				sounded, before, after := key(k, 20, 40)
				if len(sounded) != 20*keyingPeriod {
					t.Fatalf("%d samples sounded, %d were said", len(sounded), 20*keyingPeriod)
				}
				for i, s := range sounded {
					if s != int16(i+1) {
						t.Fatalf("sample %d is %d: something was clipped or repeated", i, s)
					}
				}
				if before != tt.before || after != tt.after {
					t.Errorf("keyed %d periods before and %d after, want %d and %d", before, after, tt.before, tt.after)
				}
			}
		})
	}
}

// TestKeyingOfAnOddLead: the lead need not be a whole number of periods.
func TestKeyingOfAnOddLead(t *testing.T) {
	k := NewKeying(KeyTiming{Lead: 33300 * time.Microsecond})
	sounded, before, _ := key(k, 20, 40)
	heard := slices.DeleteFunc(sounded, func(s int16) bool { return s == 0 })
	if len(heard) != 20*keyingPeriod || before != 3 {
		t.Errorf("%d of %d samples were heard, keyed %d periods before", len(heard), 20*keyingPeriod, before)
	}
}

// TestKeyingEndsByItself: speech without end is cut at the limit, and sent again
// after a pause.
func TestKeyingEndsByItself(t *testing.T) {
	k := NewKeying(KeyTiming{Tail: 10 * time.Millisecond, Limit: time.Second})
	period := make([]int16, keyingPeriod)
	keyed := 0
	for range 500 {
		period[0] = 1
		if k.Process(period, true, false) {
			keyed++
		} else if period[0] != 0 {
			t.Fatal("it sounds without being keyed")
		}
	}
	if keyed != 100 {
		t.Errorf("keyed for %d periods, the limit is 100", keyed)
	}
	k.Process(period, false, false)
	if !k.Process(period, true, false) {
		t.Error("not keyed after a pause")
	}
}

func TestKeyingAllocatesNothing(t *testing.T) {
	k := NewKeying(KeyTiming{Lead: 100 * time.Millisecond, Tail: 50 * time.Millisecond})
	period := make([]int16, keyingPeriod)
	k2 := NewKeying(KeyTiming{Interlock: true, Hold: time.Second, Duty: time.Second, DutyWindow: 2 * time.Second})
	taken := false
	if n := testing.AllocsPerRun(400, func() { k.Process(period, true, false); taken = !taken; k2.Process(period, true, taken) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestKeyingHasAMinimum: a word keys the transmitter for as long as its squelch
// needs to be heard opening and closing.
func TestKeyingHasAMinimum(t *testing.T) {
	k := NewKeying(KeyTiming{Lead: 100 * time.Millisecond, Tail: 50 * time.Millisecond, Min: time.Second})
	for range 2 {
		sounded, before, after := key(k, 20, 200)
		if got := before + len(sounded)/keyingPeriod + after; got != 100 {
			t.Errorf("keyed for %d periods, the minimum is 100", got)
		}
	}
	sounded, before, after := key(k, 200, 200)
	if got := before + len(sounded)/keyingPeriod + after; got != 10+200+5 {
		t.Errorf("keyed for %d periods, speech with lead and tail is 215", got)
	}
}

// TestKeyingCoolsDown: talk without end never keys the transmitter for more than
// the duty cycle in any window, nor sooner than the cool-down allows, and the
// pauses that a sentence has change nothing.
func TestKeyingCoolsDown(t *testing.T) {
	const window, limit, cool = 4000, 1000, 700 // periods
	k := NewKeying(KeyTiming{
		Tail: 100 * time.Millisecond, Duty: limit * 10 * time.Millisecond, DutyWindow: window * 10 * time.Millisecond, CoolDown: cool * 10 * time.Millisecond,
	})
	period := make([]int16, keyingPeriod)
	var keyed []bool
	for i := range 5 * window {
		keyed = append(keyed, k.Process(period, i%300 < 280, false))
	}
	sum, most, total, pause, shortest := 0, 0, 0, 0, window
	for i, on := range keyed {
		if on {
			sum, total = sum+1, total+1
			if i > window && pause > 40 {
				shortest = min(shortest, pause)
			}
			pause = 0
		} else {
			pause++
		}
		if i >= window && keyed[i-window] {
			sum--
		}
		most = max(most, sum)
	}
	if most > limit {
		t.Errorf("keyed for %d periods of a window, the duty cycle allows %d", most, limit)
	}
	if shortest < cool {
		t.Errorf("cooled down for %d periods, want %d", shortest, cool)
	}
	if total < 5*limit*8/10 {
		t.Errorf("keyed for %d periods of %d that were allowed", total, 5*limit)
	}
	if s := k.Stats(); s.CoolDowns == 0 || s.Lost == 0 || s.Keyed != time.Duration(total)*10*time.Millisecond {
		t.Errorf("%+v after %d periods", s, total)
	}
}

// TestKeyingInterlock: nothing is keyed while somebody is heard; what fits is sent
// afterwards from its first sample, in order, and what follows after it.
func TestKeyingInterlock(t *testing.T) {
	for _, tt := range []struct {
		name       string
		hold       time.Duration
		said, kept int // periods said while taken, and kept of them
	}{
		{"held", time.Second, 40, 40}, {"more than fits", 200 * time.Millisecond, 40, 20}, {"dropped", 0, 40, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := NewKeying(KeyTiming{Lead: 50 * time.Millisecond, Tail: 50 * time.Millisecond, Interlock: true, Hold: tt.hold})
			var want, got []int16
			next := int16(1)
			step := func(speech, taken bool) {
				period := make([]int16, keyingPeriod)
				if speech {
					for j := range period {
						period[j] = next
						next++
					}
				}
				said := slices.Clone(period)
				keyed := k.Process(period, speech, taken)
				if keyed && taken {
					t.Fatal("keyed while somebody is heard")
				}
				if !keyed && slices.ContainsFunc(period, func(s int16) bool { return s != 0 }) {
					t.Fatal("it sounds without being keyed")
				}
				if speech && (!taken || len(want) < tt.kept*keyingPeriod) {
					want = append(want, said...)
				}
				for _, s := range period {
					if s != 0 {
						got = append(got, s)
					}
				}
			}
			for range 10 {
				step(false, true)
			}
			for range tt.said {
				step(true, true)
			}
			for range 10 {
				step(false, true)
			}
			for range 7 { // comes while the first is still being sent
				step(true, false)
			}
			for range 100 {
				step(false, false)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d samples sounded, want %d", len(got), len(want))
			}
			if lost := time.Duration(tt.said-tt.kept) * 10 * time.Millisecond; k.Stats().Lost != lost || k.Stats().Waiting != 0 {
				t.Errorf("%+v, want %v lost and nothing waiting", k.Stats(), lost)
			}
		})
	}
}

// TestKeyingGoesOnWhenTheSquelchOpens: the squelch of a radio that transmits says
// nothing.
func TestKeyingGoesOnWhenTheSquelchOpens(t *testing.T) {
	k := NewKeying(KeyTiming{Interlock: true})
	period := make([]int16, keyingPeriod)
	k.Process(period, true, false)
	if !k.Process(period, true, true) {
		t.Error("let go in mid-speech")
	}
}

// TestKeyingIsRetimedBetweenTwoKeyings: nothing changes while it is keyed, nor what
// has memory of its own.
func TestKeyingIsRetimedBetweenTwoKeyings(t *testing.T) {
	timing := KeyTiming{Lead: 100 * time.Millisecond, Tail: 50 * time.Millisecond}
	k := NewKeying(timing)
	timing.Lead, timing.Tail, timing.Limit = 300*time.Millisecond, 200*time.Millisecond, time.Second
	k.Process(make([]int16, keyingPeriod), true, false)
	if k.Retime(timing) {
		t.Error("it is retimed while it is keyed")
	}
	for k.Process(make([]int16, keyingPeriod), false, false) {
	}
	if !k.Retime(timing) {
		t.Error("it is not retimed")
	}
	if sounded, before, after := key(k, 20, 40); before != 10 || after != 20 || len(sounded) != 20*keyingPeriod {
		t.Errorf("keyed %d periods before and %d after %d samples, want 10 and 20 and all", before, after, len(sounded))
	}
	if sounded, before, after := key(k, 300, 200); before+len(sounded)/keyingPeriod+after > 100 {
		t.Errorf("keyed for %d periods, the limit is 100", before+len(sounded)/keyingPeriod+after)
	}
}
