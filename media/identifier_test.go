package media

import (
	"slices"
	"testing"
)

// TestIdentifierKeepsItsInterval: after the first speech, then each interval in which
// there was some, in the pauses; over speech that does not end.
func TestIdentifierKeepsItsInterval(t *testing.T) {
	sound := slices.Repeat([]int16{5000}, SampleRate)
	d := NewIdentifier(Ident{Sound: sound, Every: 60e9})
	k := NewKeying(KeyTiming{Lead: 200e6, Tail: 100e6})
	period := make([]int16, 480)
	run := func(seconds float64, speech bool) (sounding int) {
		for range int(seconds * 100) {
			clear(period)
			if d.Process(k, period, speech, false) && period[0] != 0 {
				sounding++
			}
		}
		return sounding
	}
	for i, step := range []struct {
		seconds float64
		speech  bool
		want    int
	}{
		{90, false, 0},  // nobody spoke
		{5, true, 0},    // the first speech
		{2, false, 100}, // and its identification
		{30, true, 0},
		{60, false, 100}, // the interval is over in the pause
		{200, false, 0},  // unused
		{1, true, 0},
		{2, false, 100},
		{100, true, 100}, // no pause: over speech, half a minute late
	} {
		if got := run(step.seconds, step.speech); got != step.want {
			t.Errorf("step %d: %d periods of identification, want %d", i, got, step.want)
		}
	}
	if d.Sent() != 4 {
		t.Errorf("%d were counted, want 4", d.Sent())
	}
	if n := testing.AllocsPerRun(100, func() { d.Process(k, period, true, false) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}

// onAir is what a transmitter sends of seconds of an Identifier around a Keying.
type onAir struct {
	t     *testing.T
	ident *Identifier
	key   *Keying
}

// run lets time pass, and returns how many samples of the identification, which
// are 5000, are sent in one piece at most, and for how many the transmitter is keyed.
func (a onAir) run(seconds float64, speech, taken bool) (sounding, keyed int) {
	period := make([]int16, 480)
	piece := 0
	for range int(seconds * 100) {
		for i := range period {
			period[i] = 0
			if speech {
				period[i] = 100
			}
		}
		if a.ident.Process(a.key, period, speech, taken) {
			keyed += len(period)
		}
		for _, s := range period {
			if piece++; s < 5000 {
				piece = 0
			}
			sounding = max(sounding, piece)
		}
	}
	return sounding, keyed
}

func (a onAir) expect(what string, sounding, want int, sent uint64) {
	a.t.Helper()
	if sounding != want || a.ident.Sent() != sent {
		a.t.Errorf("%s: %d samples of the identification on the air, %d counted; want %d, %d", what, sounding, a.ident.Sent(), want, sent)
	}
}

// TestIdentifierCountsWhatWasSent: what the interlock, the limit or the duty cycle
// keeps off the air is not counted, and sent as soon as it can be.
func TestIdentifierCountsWhatWasSent(t *testing.T) {
	sound := slices.Repeat([]int16{5000}, SampleRate)
	for name, timing := range map[string]KeyTiming{
		"dropped": {Lead: 200e6, Tail: 100e6, Interlock: true},
		"held":    {Lead: 200e6, Tail: 100e6, Interlock: true, Hold: 5e9},
	} {
		a := onAir{t, NewIdentifier(Ident{Sound: sound, Every: 60e9}), NewKeying(timing)}
		a.run(1, true, false)
		n, _ := a.run(60, false, true)
		// What was begun before the radio heard somebody goes on: it is keyed.
		a.expect(name+", keyed before", n, SampleRate, 1)
		a.run(1, true, true) // nothing of it on the air yet
		if n, keyed := a.run(120, false, true); n > 0 || keyed > 0 || a.ident.Sent() != 1 {
			t.Errorf("%s: keyed for %d samples while somebody is heard", name, keyed)
		}
		n, keyed := a.run(10, false, false)
		if timing.Hold == 0 {
			if a.expect(name+", nothing was sent", n, 0, 1); keyed > 0 {
				t.Errorf("%s: a station that sent nothing is keyed for %d samples", name, keyed)
			}
			continue
		}
		a.expect(name+", once it is free", n, SampleRate, 2)
	}

	a := onAir{t, NewIdentifier(Ident{Sound: sound, Every: 60e9}), NewKeying(KeyTiming{Interlock: true})}
	a.run(1, true, false)
	a.run(5, false, false)
	n, _ := a.run(55, true, false)
	a.expect("not due", n, 0, 1)
	n, _ = a.run(0.02, false, false) // no pause yet
	a.expect("no pause yet", n, 0, 1)
	n, _ = a.run(0.5, false, true)
	a.expect("while somebody is heard", n, 0, 1)
	if !a.ident.Due() {
		t.Error("it is not said to be due")
	}
	n, _ = a.run(5, false, false)
	a.expect("once it is free", n, SampleRate, 2)
	if a.ident.Due() {
		t.Error("it is still said to be due")
	}
}

// TestIdentifierIsSentAgain: one that the limit or the duty cycle cut is not
// counted, and sent whole at the next opportunity.
func TestIdentifierIsSentAgain(t *testing.T) {
	sound := slices.Repeat([]int16{5000}, SampleRate)
	for name, timing := range map[string]KeyTiming{
		"limit": {Lead: 200e6, Limit: 10500e6},
		"duty":  {Lead: 200e6, Duty: 10500e6, DutyWindow: 80e9, CoolDown: 3e9},
	} {
		a := onAir{t, NewIdentifier(Ident{Sound: sound, Every: 60e9}), NewKeying(timing)}
		a.run(10, true, false) // leaves no room for it
		n, _ := a.run(0.7, false, false)
		if n == 0 || n >= SampleRate || a.ident.Sent() != 0 {
			t.Fatalf("%s: %d samples were on the air, %d counted; want some, 0", name, n, a.ident.Sent())
		}
		n, _ = a.run(120, false, false)
		a.expect(name, n, SampleRate, 1)
	}
}
