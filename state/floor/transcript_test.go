package floor

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTranscripts plays each script in testdata and compares what the machine
// does with what the file says: a line that begins with a time is what happens,
// the indented lines are what the machine does. Renewals of the lock, which Redis
// always grants, are left out. rules come first; stage.play has the rest.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if got == string(text) {
				return
			}
			if !*update {
				t.Fatalf("the machine does otherwise; if on purpose: go test ./state/floor -run TestTranscripts -update\n%s", got)
			}
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// play returns the script with what the machine does in place of what it said.
func play(t *testing.T, script string) string {
	t.Helper()
	s := stage{t: t, busy: "", f: ready()}
	for line := range strings.Lines(script) {
		switch {
		case strings.HasPrefix(line, "\t"):
			continue
		case strings.HasPrefix(line, "rules "):
			s.rules(strings.Fields(line)[1:])
		case line == "\n" || strings.HasPrefix(line, "#"):
		default:
			when, what, _ := strings.Cut(strings.TrimSpace(line), " ")
			s.pass(s.time(when))
			s.out.WriteString(line)
			s.play(what)
			continue
		}
		s.out.WriteString(line)
	}
	return s.out.String()
}

// stage is a machine in a transcript, and Redis as far as it answers.
type stage struct {
	t    *testing.T
	f    Floor
	now  time.Duration
	busy string // who has the floor, if another has
	wait int    // how many are before us in the queue, if there is one
	out  strings.Builder
}

func (s *stage) time(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *stage) rules(pairs []string) {
	r := &s.f.Rules
	keys := map[string]*time.Duration{
		"max_talk": &r.MaxTalk, "warn": &r.Warn, "penalty": &r.Penalty, "budget": &r.Budget, "window": &r.Window,
		"ask": &r.AskEvery, "max_wait": &r.MaxWait,
	}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if keys[key] == nil {
			s.t.Fatalf("no rule %q", key)
		}
		*keys[key] = s.time(value)
	}
}

// pass lets time go by, with a Tick wherever the machine wants one.
func (s *stage) pass(until time.Duration) {
	for {
		at, ok := s.f.Wake()
		if !ok || at > until {
			break
		}
		s.now = max(s.now, at)
		s.step(Event{Kind: Tick})
	}
	s.now = until
}

// play makes happen what a line says; nothing at all is time passing. "redis"
// says how Redis answers from now on: it grants, or the floor is busy with NAME,
// which an emergency takes from whoever has no emergency;
// "queue" how many are before us there; "freed" that the floor was seen free.
func (s *stage) play(what string) {
	verb, rest, _ := strings.Cut(what, " ")
	switch verb {
	case "":
	case "press":
		s.step(Event{Kind: Press})
	case "release":
		s.step(Event{Kind: Release})
	case "emergency":
		s.step(map[string]Event{"on": {Kind: EmergencyOn}, "off": {Kind: EmergencyOff}}[rest])
	case "rights":
		s.step(map[string]Event{"held": {Kind: RightsHeld}, "lost": {Kind: RightsLost, Why: NoRights}}[rest])
	case "link":
		s.step(map[string]Event{"up": {Kind: LinkUp}, "down": {Kind: LinkDown, Why: NoLink}}[rest])
	case "queue":
		s.wait, _ = strconv.Atoi(rest)
	case "freed":
		s.busy = ""
		s.step(Event{Kind: Freed})
	case "redis":
		s.busy = strings.TrimPrefix(strings.TrimPrefix(rest, "grants"), "busy ")
	default:
		s.t.Fatalf("what is %q?", what)
	}
}

// step is one event, what the machine does, and the answers that come at once.
func (s *stage) step(ev Event) {
	ev.At = s.now
	before := s.f
	var fx []Effect
	s.f, fx = Step(s.f, ev, nil)
	var told []Effect
	for _, e := range fx {
		if e.Do != Renew && e.Do != Extend {
			told = append(told, e)
		}
	}
	if next := describe(before, s.f); len(told) > 0 || next != "=" && next != "lease longer" {
		fmt.Fprintf(&s.out, "\t%v %s", s.now, next)
		if len(told) > 0 {
			fmt.Fprintf(&s.out, ": %s", list(told))
		}
		s.out.WriteString("\n")
	}
	for _, e := range fx {
		answer := Event{Gen: e.Gen, Until: s.now + 3*time.Second}
		switch e.Do {
		case Request:
			answer.Kind = Granted
			if s.busy != "" && (!e.All || strings.HasPrefix(s.busy, "emergency ")) {
				answer.Kind, answer.Why, answer.Holder = Denied, Busy, s.busy
			}
			if s.f.Rules.MaxWait > 0 && !e.All && (s.busy != "" || s.wait > 0) {
				answer.Kind, answer.Place = Queued, s.wait+1
			}
		case Renew:
			answer.Kind = Renewed
		case Drain:
			answer.Kind = Drained
		default:
			continue
		}
		s.step(answer)
	}
}
