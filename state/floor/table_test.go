package floor

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var update = flag.Bool("update", false, "rewrite the transition table in doc.go")

// TestTable compares the table in the package's doc with what Step does.
func TestTable(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(doc), "// an answer to an earlier request; \"=\" means that nothing changes.\n//\n")
	_, tail, ok2 := strings.Cut(rest, "package floor\n")
	if !ok1 || !ok2 {
		t.Fatal("doc.go has no place for the table")
	}
	want := head + "// an answer to an earlier request; \"=\" means that nothing changes.\n//\n" + table() + "package floor\n" + tail
	if string(doc) == want {
		return
	}
	if !*update {
		t.Fatal("the transition table in doc.go is stale; run: go test ./state/floor -run TestTable -update")
	}
	if err := os.WriteFile("doc.go", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// states are one of each that Step tells apart.
func states() []struct {
	name string
	f    Floor
} {
	idle := ready()
	idle.Gen = 7
	idle.Rules.MaxTalk = time.Minute
	idle.Rules.Budget, idle.Rules.Window = time.Minute, time.Hour
	barred := idle
	barred.Rights, barred.Bar = false, NoRights
	unlinked := idle
	unlinked.Link, unlinked.Fault = false, NoLink
	penalised := idle
	penalised.PenaltyUntil = now + 2*time.Minute
	spent := idle
	spent.Talked.From, spent.Talked.Slots[0] = now-time.Minute, 60_000
	requesting := idle
	requesting.Phase, requesting.Deadline = Requesting, now+time.Second
	waiting := requesting
	waiting.Phase, waiting.Deadline, waiting.Place, waiting.Holder = Waiting, 0, 2, "x"
	waiting.AskAt, waiting.GiveUp = now+time.Second, now+time.Minute
	waiting.Rules.RequestTimeout, waiting.Rules.AskEvery = 2*time.Second, time.Second
	asking := waiting
	asking.Deadline = now + 500*time.Millisecond
	talking := idle
	talking.Phase, talking.Lease, talking.RenewAt, talking.Limit = Talking, now+3*time.Second, now+time.Second, now+5*time.Second
	talking.Since, talking.WarnAt = talking.Limit-idle.Rules.MaxTalk, now+2*time.Second
	draining := talking
	draining.Phase, draining.RenewAt, draining.WarnAt, draining.Deadline = Draining, 0, 0, now+time.Second
	refused := idle
	refused.Phase, refused.Why = Refused, Busy
	toAll, drainingAll, refusedAll := talking, draining, refused
	toAll.Emergency, drainingAll.Emergency, refusedAll.Emergency = true, true, true
	return []struct {
		name string
		f    Floor
	}{
		{"Idle", idle}, {"Idle, no rights", barred}, {"Idle, no link", unlinked},
		{"Idle, penalty", penalised}, {"Idle, spent", spent},
		{"Requesting", requesting}, {"Waiting", waiting}, {"Waiting, asked", asking}, {"Talking", talking}, {"Draining", draining}, {"Refused", refused},
		{"Talking to all", toAll}, {"Draining to all", drainingAll}, {"Refused, emergency", refusedAll},
	}
}

func table() string {
	var buf bytes.Buffer
	w := tabwriter.NewWriter(&buf, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "//\tstate\tevent\tnext\teffects")
	for _, s := range states() {
		row := func(event string, ev Event) {
			ev.At = max(ev.At, now)
			next, fx := Step(s.f, ev, nil)
			if next == s.f && len(fx) == 0 {
				return
			}
			fmt.Fprintf(w, "//\t%s\t%s\t%s\t%s\n", s.name, event, describe(s.f, next), list(fx))
		}
		gen, late := s.f.Gen, s.f.Gen-1
		row("Press", Event{Kind: Press})
		row("Release", Event{Kind: Release})
		row("EmergencyOn", Event{Kind: EmergencyOn})
		row("EmergencyOff", Event{Kind: EmergencyOff})
		row("RightsHeld", Event{Kind: RightsHeld})
		row("RightsLost", Event{Kind: RightsLost, Why: NoRights})
		row("LinkUp", Event{Kind: LinkUp})
		row("LinkDown", Event{Kind: LinkDown, Why: NoLink})
		if s.f.asks(gen) {
			row("Queued", Event{Kind: Queued, Gen: gen, Place: 1, Holder: "x"})
			row("Granted", Event{Kind: Granted, Gen: gen, Until: now + time.Second})
			row("Granted, lease over", Event{Kind: Granted, Gen: gen, Until: now})
			row("Denied(Busy)", Event{Kind: Denied, Gen: gen, Why: Busy})
			row("Denied(NoRights)", Event{Kind: Denied, Gen: gen, Why: NoRights})
			row("Failed", Event{Kind: Failed, Gen: gen})
		}
		row("Granted, late", Event{Kind: Granted, Gen: late, Until: now + time.Second})
		row("Queued, late", Event{Kind: Queued, Gen: late, Place: 1})
		row("Denied, late", Event{Kind: Denied, Gen: late})
		row("Failed, late", Event{Kind: Failed, Gen: late})
		row("Renewed", Event{Kind: Renewed, Gen: gen, Until: now + 4*time.Second})
		row("Renewed, late", Event{Kind: Renewed, Gen: late, Until: now + 4*time.Second})
		row("Lost(Preempted)", Event{Kind: Lost, Gen: gen, Why: Preempted})
		row("Lost, late", Event{Kind: Lost, Gen: late, Why: Preempted})
		row("Suspect", Event{Kind: Suspect})
		row("Freed", Event{Kind: Freed})
		row("Drained", Event{Kind: Drained, Gen: gen})
		switch s.f.Phase {
		case Requesting:
			row("Tick, deadline", Event{Kind: Tick, At: s.f.Deadline})
		case Waiting:
			if s.f.Deadline > 0 {
				row("Tick, deadline", Event{Kind: Tick, At: s.f.Deadline})
			} else {
				row("Tick, ask", Event{Kind: Tick, At: s.f.AskAt})
			}
			row("Tick, waited too long", Event{Kind: Tick, At: s.f.GiveUp})
		case Talking:
			row("Tick, renewal due", Event{Kind: Tick, At: s.f.RenewAt})
			row("Tick, warning due", Event{Kind: Tick, At: s.f.WarnAt})
			row("Tick, lease over", Event{Kind: Tick, At: s.f.Lease})
			limited := s.f
			s.f.Lease = s.f.Limit + time.Second
			row("Tick, talked too long", Event{Kind: Tick, At: s.f.Limit})
			s.f = limited
		case Draining:
			row("Tick, deadline", Event{Kind: Tick, At: s.f.Deadline})
		case Idle, Refused:
		}
		row("Tick", Event{Kind: Tick})
		fmt.Fprintf(w, "//\t%s\tanything else\t=\t\n", s.name)
	}
	w.Flush()
	var out strings.Builder
	for line := range strings.Lines(buf.String()) {
		out.WriteString("//\t" + strings.TrimRight(strings.TrimLeft(strings.TrimPrefix(line, "//"), " "), " \n") + "\n")
	}
	return out.String()
}

func describe(from, to Floor) string {
	switch {
	case to.Phase == Refused && (from.Phase != Refused || from.Emergency != to.Emergency || from.Why != to.Why):
		return "Refused(" + to.Why.String() + ")"
	case to.Phase != from.Phase:
		return to.Phase.String()
	case to.Rights != from.Rights && to.Rights:
		return "rights held"
	case to.Rights != from.Rights:
		return "rights lost"
	case to.Link != from.Link && to.Link:
		return "link up"
	case to.Link != from.Link:
		return "link down"
	case from.Place != to.Place:
		return fmt.Sprint("place ", to.Place)
	case from.AskAt > to.AskAt && to.Phase == Waiting && to.Deadline > 0:
		return "asked again next"
	case from.WarnAt != to.WarnAt:
		return "warned"
	case to.Lease != from.Lease:
		return "lease longer"
	}
	return "="
}

func list(fx []Effect) string {
	var names []string
	for _, e := range fx {
		name := e.Do.String()
		if e.Do == Notify {
			name += "(" + strings.TrimPrefix(e.Signal.String(), "Signal") + ")"
		}
		if e.All {
			name += "(all)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
