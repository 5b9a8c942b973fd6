package fleet

import (
	"context"
	"fmt"

	"github.com/talkgate/talkgate/state/fleet"
)

// follow applies the wanted documents, unless they are in effect.
func (a *Agent) follow() {
	switch {
	case a.phase == restarting, a.wanted.equal(a.running), len(a.wanted) == 0 && len(a.running) == 0:
	case a.wanted.equal(a.mem.Good):
		// They are known to be good: no probation.
		a.mem.Trial, a.mem.Starts = nil, 0
		a.goBack(settled)
	case a.wanted.equal(a.mem.Bad):
	case a.phase == aftermath, a.phase == unexplained:
		if !a.wanted.equal(a.mem.Suspect) {
			a.clearSuspect()
			a.try()
		}
	default:
		a.try()
	}
}

// try puts the wanted documents on probation.
func (a *Agent) try() {
	d := a.wanted
	c, err := a.build(d)
	if err == nil {
		err = a.opt.Port.Check(c)
	}
	if err != nil {
		a.reject(d, err.Error())
		return
	}
	a.mem.Trial, a.mem.Starts = d, 0
	kept := a.save()
	restart, err := a.opt.Port.Apply(c)
	switch {
	case err != nil:
		a.reject(d, err.Error())
		a.goBack(settled)
	case len(restart) > 0 && kept != nil:
		a.reject(d, kept.Error())
	case len(restart) > 0:
		a.restart(restart)
		a.log.Info("new documents take a restart", "documents", d.String(), "keys", restart)
	default:
		a.running, a.mem.Starts = d, 1
		a.log.Info("new documents have taken effect", "documents", d.String())
		a.beginProbation()
	}
}

func (a *Agent) restart(keys []string) {
	a.phase = restarting
	applied := a.outcome()
	applied.Result, applied.Restart = fleet.ResultPending, keys
	a.applied.Store(&applied)
	a.opt.Port.Restart(keys)
}

// beginProbation starts the probation. It lasts as long as configured, and at least as
// long as the hold of each rollout in which the gateway is a canary.
func (a *Agent) beginProbation() {
	length := a.opt.Probation
	for _, e := range a.running {
		if d, _, err := e.Peek(); err == nil && d.Rollout.Canary(a.opt.Gateway) && !a.isGood(d) {
			length = max(length, d.Rollout.Hold())
		}
	}
	now := a.now()
	a.phase, a.probation = onTrial, fleet.Probation{Length: length, Grace: a.opt.Grace, Began: now, Well: now}
}

// isGood reports whether a document is among those that proved themselves.
func (a *Agent) isGood(d fleet.Document) bool {
	good, _, err := a.mem.Good[d.Scope].Peek()
	return err == nil && good.Version == d.Version
}

// poll checks the gateway's health and advances the trial.
func (a *Agent) poll() {
	link, redis := a.opt.Port.Well()
	now, well := a.now(), link && redis
	switch a.phase {
	case onTrial:
		var v fleet.Verdict
		switch a.probation, v = a.probation.Look(now, well); v {
		case fleet.Passed:
			a.pass()
		case fleet.Failed:
			a.fail(link)
		case fleet.Pending:
		}
	case aftermath:
		switch {
		case well && a.mem.Linked && a.mem.Unexplained < chances-1:
			a.phase, a.until = unexplained, now
			a.mem.Unexplained++
			_ = a.save() // it was logged
		case well:
			a.reject(a.mem.Suspect, a.mem.Why)
			a.phase = settled
		case now > a.until:
			a.phase, a.until = unexplained, now+min(firstRetry<<min(a.mem.Unexplained, 10), longestRetry)
			a.mem.Unexplained++
			_ = a.save() // it was logged
			a.log.Warn("link or Redis are missing with the documents before, too; the new ones are tried again later", "documents", a.mem.Suspect.String())
		}
	case unexplained:
		if well || now > a.until {
			n := a.mem.Unexplained
			a.clearSuspect()
			a.mem.Unexplained = n
			a.phase = settled
			if a.wanted != nil {
				a.follow()
			}
		}
	case settled, restarting:
	}
}

func (a *Agent) pass() {
	a.mem.Good, a.mem.Trial, a.mem.Starts, a.mem.Bad = a.running, nil, 0, nil
	a.clearSuspect()
	a.phase = settled
	a.log.Info("the documents are good", "documents", a.running.String())
}

// fail rolls the documents on probation back, if there are good ones to go back to.
func (a *Agent) fail(linked bool) {
	why := fmt.Sprintf("link or Redis were missing for more than %v", a.opt.Grace)
	a.log.Error("the new documents do no good", "documents", a.running.String(), "why", why)
	if _, err := a.build(a.mem.Good); err != nil {
		a.beginProbation() // there is nothing else, and it may be the hub that is away
		return
	}
	a.mem.Suspect, a.mem.Why, a.mem.Trial, a.mem.Starts = a.running, why, nil, 0
	a.mem.Linked = linked
	a.until = a.now() + a.opt.Aftermath
	a.goBack(aftermath)
}

// goBack runs with the last good documents.
func (a *Agent) goBack(then phase) {
	_ = a.save() // it was logged
	c, err := a.build(a.mem.Good)
	if err != nil {
		a.log.Error("there are no good documents to go back to", "err", err)
		return
	}
	a.phase = then
	restart, err := a.opt.Port.Apply(c)
	switch {
	case err != nil:
		a.log.Error("the last good documents cannot be gone back to; the port is started anew with them", "err", err)
		a.restart(nil)
	case len(restart) > 0:
		a.restart(restart)
	default:
		a.running = a.mem.Good
	}
	a.log.Info("back to the documents before", "documents", a.mem.Good.String())
}

// reject marks documents as bad. They are not tried again.
func (a *Agent) reject(d documents, why string) {
	a.log.Error("documents are not obeyed", "documents", d.String(), "why", why)
	a.mem.Bad, a.mem.Trial, a.mem.Starts = d, nil, 0
	a.clearSuspect()
	a.mem.Why = fleet.Line(why)
	_ = a.save() // it was logged
}

// FailStart reports that the gateway could not start with the documents that Begin
// returned. Call it between Begin and Run. Documents on probation are rejected; good
// ones are kept.
func (a *Agent) FailStart(err error) {
	if a.phase == onTrial {
		a.reject(a.running, err.Error())
		a.phase = settled
		a.publish()
	}
}

func (a *Agent) clearSuspect() {
	a.mem.Suspect, a.mem.Why, a.mem.Unexplained = nil, "", 0
	_ = a.save() // it was logged
}

// reportRollouts reports the result to each rollout in which the gateway is a canary. A
// report that fails is sent again.
func (a *Agent) reportRollouts(ctx context.Context) {
	if a.now() < a.quietUntil {
		return
	}
	for version := range a.trials {
		var verdict string
		switch {
		case a.wanted.equal(a.mem.Bad):
			verdict = a.mem.Why
		case a.wanted.equal(a.mem.Good):
			verdict = "passed"
		default:
			continue
		}
		if a.reported[version] == verdict {
			continue
		}
		failure := ""
		if verdict != "passed" {
			failure = verdict
		}
		if err := a.reportCanary(ctx, version, failure); err != nil {
			a.log.Warn("the rollout did not get this canary's result; it is sent again", "version", version, "err", err)
			a.quietUntil = a.now() + reportRetry
			return
		}
		a.reported[version] = verdict
	}
}

func (a *Agent) reportCanary(ctx context.Context, version uint64, failure string) error {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	_, err := a.redis.ReportCanary(ctx, version, a.opt.Gateway, failure)
	return err
}

// Applied returns the state of the documents, for the gateway's report. It is the zero
// value before Begin.
func (a *Agent) Applied() fleet.Applied {
	if p := a.applied.Load(); p != nil {
		return *p
	}
	return fleet.Applied{}
}

// publish makes the outcome available to Applied.
func (a *Agent) publish() {
	if a.phase != restarting {
		applied := a.outcome()
		a.applied.Store(&applied)
	}
}

// outcome returns the state of the newest documents, for the report.
func (a *Agent) outcome() fleet.Applied {
	s := fleet.Applied{Version: a.running.version(), Result: fleet.ResultApplied}
	switch {
	case a.refusal != "":
		s.Result, s.Error = fleet.ResultRefused, a.refusal
	case a.phase == onTrial:
		s.Result = fleet.ResultPending
	case a.phase == aftermath, a.phase == unexplained:
		s.Result, s.Error, s.Refused = fleet.ResultRolledBack, a.mem.Why, a.mem.Suspect.version()
	case a.mem.Bad != nil && a.wanted.equal(a.mem.Bad):
		s.Result, s.Error, s.Refused = fleet.ResultRolledBack, a.mem.Why, a.mem.Bad.version()
	case s.Version == 0:
		s.Result = ""
	}
	s.Error = fleet.Line(s.Error)
	return s
}
