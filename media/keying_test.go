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
		keyed := k.Process(period, speech)
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
		if k.Process(period, true) {
			keyed++
		} else if period[0] != 0 {
			t.Fatal("it sounds without being keyed")
		}
	}
	if keyed != 100 {
		t.Errorf("keyed for %d periods, the limit is 100", keyed)
	}
	k.Process(period, false)
	if !k.Process(period, true) {
		t.Error("not keyed after a pause")
	}
}

func TestKeyingAllocatesNothing(t *testing.T) {
	k := NewKeying(KeyTiming{Lead: 100 * time.Millisecond, Tail: 50 * time.Millisecond})
	period := make([]int16, keyingPeriod)
	if n := testing.AllocsPerRun(200, func() { k.Process(period, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
