package floor

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// now is the time of every stored state: states that differ only by when they
// happen are the same state.
const now = 10 * time.Second

var walkRules = Rules{
	RequestTimeout: 2 * time.Second,
	RenewEvery:     1 * time.Second,
	MaxTalk:        5 * time.Second,
	Warn:           2 * time.Second,
	Penalty:        3 * time.Second,
	DrainTimeout:   1 * time.Second,
}

// budgeted are rules under which what was talked before counts, too.
func budgeted() Rules {
	r := walkRules
	r.MaxTalk, r.Budget, r.Window = 0, 2*time.Second, 4*time.Second
	return r
}

// world is a machine together with what is true outside it.
type world struct {
	f       Floor
	mic     bool // as the effects say
	pressed bool
	alarm   bool // the emergency is on
	rights  bool
	link    bool
	// asked are the requests without an answer, held the locks not yet handed
	// back; both are ages of generations: 0 is the latest.
	asked []uint32
	held  []uint32
}

// asks reports whether whoever the state is of still wants it.
func (w world) asks() bool {
	if w.f.Emergency {
		return w.alarm
	}
	return w.pressed
}

func (w world) key() string { return fmt.Sprintf("%+v", w) }

// TestWalk visits every state that any order of events can reach and checks the
// five rules in each.
// queueing are rules under which a press may wait.
func queueing() Rules {
	r := walkRules
	r.MaxTalk, r.Warn, r.Penalty, r.AskEvery, r.MaxWait = 0, 0, 0, time.Second, 6*time.Second
	return r
}

func TestWalk(t *testing.T) {
	for name, rules := range map[string]Rules{"time-out timer": walkRules, "talk budget": budgeted(), "queue": queueing()} {
		t.Run(name, func(t *testing.T) { walk(t, rules) })
	}
}

func walk(t *testing.T, rules Rules) {
	start := world{f: New(rules)}
	seen := map[string]bool{start.key(): true}
	phases := map[Phase]int{}
	for queue := []world{start}; len(queue) > 0; queue = queue[1:] {
		w := queue[0]
		phases[w.f.Phase]++
		checkLeadsToIdle(t, w)
		for _, ev := range eventsOf(w) {
			next := advance(t, w, ev)
			if t.Failed() {
				t.Fatalf("in %+v\non %+v\ncame %+v", w, ev, next)
			}
			if len(next.asked) > 2 || slices.Contains(next.asked, 4) {
				continue // more or older unanswered requests show nothing new
			}
			if k := next.key(); !seen[k] {
				seen[k] = true
				queue = append(queue, next)
			}
		}
	}
	for p := Idle; p <= Refused; p++ {
		if phases[p] == 0 && (p != Waiting || rules.MaxWait > 0) {
			t.Errorf("phase %v was never reached", p)
		}
	}
	t.Logf("%d states: %v", len(seen), phases)
}

// eventsOf lists all that can happen next, now or after a while in which
// nothing was delivered.
func eventsOf(w world) []Event {
	var evs []Event
	for _, after := range []time.Duration{0, time.Second, 4 * time.Second, time.Minute} {
		at := now + after
		for _, k := range []Kind{Press, Release, RightsHeld, LinkUp, Suspect, Freed, Tick} {
			evs = append(evs, Event{Kind: k, At: at})
		}
		if w.f.Rules.Budget == 0 { // an emergency knows no budget, and many states more
			evs = append(evs, Event{Kind: EmergencyOn, At: at}, Event{Kind: EmergencyOff, At: at})
		}
		evs = append(evs,
			Event{Kind: LinkDown, At: at, Why: NoLink},
			Event{Kind: RightsLost, At: at, Why: NoRights},
			Event{Kind: RightsLost, At: at, Why: Banned})
		for _, age := range w.asked {
			gen := w.f.Gen - age
			if w.f.Rules.MaxWait > 0 {
				evs = append(evs, Event{Kind: Queued, At: at, Gen: gen, Place: 1, Holder: "x"})
			}
			evs = append(evs,
				Event{Kind: Granted, At: at, Gen: gen, Until: at + 3*time.Second},
				Event{Kind: Granted, At: at, Gen: gen, Until: at}, // answered too late to be used
				Event{Kind: Denied, At: at, Gen: gen, Why: Busy, Holder: "x"},
				Event{Kind: Denied, At: at, Gen: gen, Why: NoRights},
				Event{Kind: Failed, At: at, Gen: gen})
		}
		for _, gen := range []uint32{w.f.Gen, w.f.Gen - 1} {
			evs = append(evs,
				Event{Kind: Renewed, At: at, Gen: gen, Until: at + 3*time.Second},
				Event{Kind: Lost, At: at, Gen: gen, Why: Preempted, Holder: "x"},
				Event{Kind: Drained, At: at, Gen: gen})
		}
	}
	return evs
}

// advance steps the machine, follows its effects and checks rules 1, 2, 3, 5.
func advance(t *testing.T, w world, ev Event) world {
	t.Helper()
	before := w.f
	w.asked, w.held = slices.Clone(w.asked), slices.Clone(w.held)
	switch ev.Kind {
	case Press:
		w.pressed = true
	case Release:
		w.pressed = false
	case EmergencyOn:
		w.alarm = true
	case EmergencyOff:
		w.alarm = false
	case RightsHeld, RightsLost:
		w.rights = ev.Kind == RightsHeld
	case LinkUp, LinkDown:
		w.link = ev.Kind == LinkUp
	case Granted, Queued, Denied, Failed:
		age := before.Gen - ev.Gen
		w.asked = slices.DeleteFunc(w.asked, func(a uint32) bool { return a == age })
		// What is held is a lock, or a place in the queue.
		if ev.Kind != Denied && !slices.Contains(w.held, age) {
			w.held = append(w.held, age)
		}
	}

	var fx []Effect
	w.f, fx = Step(w.f, ev, nil)
	if grown := w.f.Gen - before.Gen; grown > 0 {
		for i := range w.asked {
			w.asked[i] += grown
		}
		for i := range w.held {
			w.held[i] += grown
		}
	}
	var yielded []uint32
	for _, e := range fx {
		age := w.f.Gen - e.Gen
		switch e.Do {
		case Request:
			if asksAgain := before.Phase == Waiting && e.Gen == before.Gen; ev.Kind != Press && ev.Kind != EmergencyOn && !asksAgain {
				t.Errorf("rule 5: asked again without a fresh press")
			}
			if w.f.Phase != Requesting && w.f.Phase != Waiting || !w.asks() {
				t.Errorf("rule 5: asked in phase %v, pressed %v, alarm %v", w.f.Phase, w.pressed, w.alarm)
			}
			if e.All != w.f.Emergency {
				t.Errorf("asked for all is %v in an emergency %v", e.All, w.f.Emergency)
			}
			if before.PenaltyUntil > ev.At && !e.All {
				t.Errorf("asked %v before the penalty is over", before.PenaltyUntil-ev.At)
			}
			w.asked = append(w.asked, age)
		case Yield:
			// What is over by now is given up before the answer is seen to be late.
			if !slices.Contains(w.held, age) && !slices.Contains(yielded, age) {
				t.Errorf("rule 3: yielded generation %d, which is not held", e.Gen)
			}
			w.held = slices.DeleteFunc(w.held, func(a uint32) bool { return a == age })
			yielded = append(yielded, age)
		case Open:
			if ev.Kind != Granted && ev.Kind != Press {
				t.Errorf("rule 5: opened by %v", ev.Kind)
			}
			w.mic = true
		case Close, Drain:
			w.mic = false
		}
	}
	if ev.Kind == Denied { // with a place in the queue that there was
		age := w.f.Gen - ev.Gen
		w.held = slices.DeleteFunc(w.held, func(a uint32) bool { return a == age })
	}
	for _, age := range w.held {
		if age != 0 || !w.f.holds(w.f.Gen) && w.f.Phase != Waiting {
			t.Errorf("rule 3: a granted lock is neither used nor yielded")
		}
	}

	if w.mic != (w.f.Phase == Talking) || w.mic != w.f.MicOpen() {
		t.Errorf("rule 1: microphone open is %v in phase %v", w.mic, w.f.Phase)
	}
	if w.f.Phase == Talking && (!w.asks() || !w.rights || !w.link || w.f.Lease <= ev.At) {
		t.Errorf("rule 1: talking with pressed %v, rights %v, link %v, lease until %v at %v",
			w.pressed, w.rights, w.link, w.f.Lease, ev.At)
	}
	fresh := ev.Kind == EmergencyOn || ev.Kind == Release && !before.Emergency ||
		before.Emergency && (ev.Kind == EmergencyOff || ev.Kind == Press)
	if before.Phase == Refused && w.f.Phase != Refused && !fresh {
		t.Errorf("rule 5: %v led from refused to %v", ev.Kind, w.f.Phase)
	}
	wake, waits := w.f.Wake()
	if mustWait := w.f.Phase == Requesting || w.f.Phase == Waiting || w.f.Phase == Talking || w.f.Phase == Draining; waits != mustWait || (waits && wake <= ev.At) {
		t.Errorf("rule 2: phase %v at %v has wake %v, %v", w.f.Phase, ev.At, wake, waits)
	}

	w.f = shift(w.f, now-ev.At)
	if w.f.Gen > 3 { // keep the walk finite: only ages matter
		w.f.Gen = 3
	}
	return w
}

// checkLeadsToIdle is rule 4.
func checkLeadsToIdle(t *testing.T, w world) {
	t.Helper()
	f, _ := Step(w.f, Event{Kind: Release, At: now}, nil)
	f, _ = Step(f, Event{Kind: EmergencyOff, At: now}, nil)
	f, _ = Step(f, Event{Kind: Tick, At: now + walkRules.DrainTimeout}, nil)
	if f.Phase != Idle {
		t.Errorf("rule 4: release and time lead from %+v to %+v", w.f, f)
	}
}

// shift moves all times of f by d.
func shift(f Floor, d time.Duration) Floor {
	for _, at := range []*time.Duration{&f.Lease, &f.RenewAt, &f.Since, &f.Limit, &f.WarnAt, &f.Deadline, &f.AskAt, &f.GiveUp, &f.PenaltyUntil, &f.SpentUntil, &f.Talked.From} {
		if *at != 0 {
			*at += d
		}
	}
	return f
}
