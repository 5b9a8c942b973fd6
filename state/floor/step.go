package floor

import "time"

// Step takes the machine from f through ev. It is total: every pair of state
// and event has a defined outcome. It appends to fx what has to be done and
// returns it. Time comes only from ev.At.
func Step(f Floor, ev Event, fx []Effect) (Floor, []Effect) {
	// What is over by now is over before the event counts: a renewal that
	// arrives after its lease has ended revives nothing.
	f, fx = expire(f, ev.At, fx)
	f, fx = apply(f, ev, fx)
	if f.Phase == Talking && ev.At >= f.RenewAt {
		f, fx = renew(f, ev.At, fx)
	}
	if f.Phase == Waiting && f.Deadline == 0 && ev.At >= f.AskAt {
		f, fx = askAgain(f, ev.At, fx)
	}
	if f.Phase == Talking && f.WarnAt > 0 && ev.At >= f.WarnAt {
		f.WarnAt = 0
		fx = append(fx, Effect{Do: Notify, Signal: SignalWarning})
	}
	return f, fx
}

func apply(f Floor, ev Event, fx []Effect) (Floor, []Effect) {
	switch ev.Kind {
	case Press:
		return press(f, ev, fx)
	case Release:
		if !f.Emergency {
			return release(f, ev, fx)
		}
	case EmergencyOn:
		return emergency(f, ev, fx)
	case EmergencyOff:
		if f.Emergency {
			return release(f, ev, fx)
		}
	case RightsHeld:
		f.Rights, f.Bar = true, NoReason
	case RightsLost:
		f.Rights, f.Bar = false, ev.Why
		return end(f, ev.At, Revoked, "", fx)
	case LinkUp:
		f.Link, f.Fault = true, NoReason
	case LinkDown:
		f.Link, f.Fault = false, ev.Why
		return end(f, ev.At, ev.Why, "", fx)
	case Granted:
		return granted(f, ev, fx)
	case Denied:
		if f.asks(ev.Gen) {
			return refuse(outOfBudget(f, ev.Why, ev.At+ev.Wait), ev.Why, ev.Holder, fx)
		}
	case Queued:
		return queued(f, ev, fx)
	case Freed:
		if f.Phase == Waiting {
			f.AskAt = ev.At
		}
	case Failed:
		// Nobody knows whether the lock was taken; handing it back settles it.
		fx = append(fx, Effect{Do: Yield, Gen: ev.Gen})
		if f.asks(ev.Gen) {
			return refuse(f, NoAnswer, "", fx)
		}
	case Renewed:
		if f.holds(ev.Gen) && ev.Until > f.Lease {
			f.Lease = ev.Until
			fx = append(fx, Effect{Do: Extend, Gen: f.Gen, Until: f.Lease})
		}
	case Lost:
		if f.holds(ev.Gen) {
			return end(outOfBudget(f, ev.Why, ev.At+ev.Wait), ev.At, ev.Why, ev.Holder, fx)
		}
	case Suspect:
		if f.Phase == Talking {
			return renew(f, ev.At, fx)
		}
	case Drained:
		if f.Phase == Draining && ev.Gen == f.Gen {
			return finish(f, ev.At, fx)
		}
	case Tick:
	}
	return f, fx
}

// holds reports whether the lock of request gen is being relied on.
func (f Floor) holds(gen uint32) bool {
	return (f.Phase == Talking || f.Phase == Draining) && gen == f.Gen
}

// asks reports whether an answer to request gen is waited for.
func (f Floor) asks(gen uint32) bool {
	return gen == f.Gen && (f.Phase == Requesting || f.Phase == Waiting && f.Deadline > 0)
}

// expire ends whatever may not last until now.
func expire(f Floor, now time.Duration, fx []Effect) (Floor, []Effect) {
	f.Talked = f.Talked.recent(now, f.Rules.Window)
	if now >= f.PenaltyUntil {
		f.PenaltyUntil = 0
	}
	if now >= f.SpentUntil {
		f.SpentUntil = 0
	}
	switch f.Phase {
	case Requesting:
		if now >= f.Deadline {
			return refuse(f, NoAnswer, "", fx)
		}
	case Waiting:
		if f.Deadline > 0 && now >= f.Deadline {
			return leave(f, NoAnswer, "", fx)
		}
		if now >= f.GiveUp {
			return leave(f, Busy, f.Holder, fx)
		}
	case Talking:
		if now >= f.Lease {
			return end(f, now, LeaseExpired, "", fx)
		}
		if f.Limit > 0 && now >= f.Limit {
			return timeOut(f, now, fx)
		}
	case Draining:
		if now >= f.Lease || now >= f.Deadline {
			return finish(f, now, fx)
		}
	case Idle, Refused:
	}
	return f, fx
}

func press(f Floor, ev Event, fx []Effect) (Floor, []Effect) {
	if f.Emergency {
		if f.Phase != Refused && f.Phase != Draining {
			return f, fx
		}
		f, fx = abandon(f, ev.At, fx)
	}
	switch f.Phase {
	case Idle:
		switch {
		case !f.Link:
			return refuse(f, f.Fault, "", fx)
		case !f.Rights:
			return refuse(f, f.Bar, "", fx)
		case f.PenaltyUntil > 0:
			return refuse(f, Penalty, "", fx)
		case f.Rules.Budget > 0 && f.Talked.total() >= f.Rules.Budget:
			at := f.Talked.freeAt(ev.At, f.Rules.Budget, f.Rules.Window)
			return refuse(outOfBudget(f, BudgetSpent, at), BudgetSpent, "", fx)
		}
		return ask(f, ev.At, fx)
	case Draining:
		// Let go and pressed again within a frame or two: the same talk spurt
		// goes on, and its time-out timer with it.
		if f.Limit > 0 && ev.At >= f.Limit {
			return timeOut(f, ev.At, fx)
		}
		f.Phase = Talking
		f.Deadline = 0
		fx = append(fx, Effect{Do: Open, Gen: f.Gen, Until: f.Lease})
		return renew(f, ev.At, fx)
	case Requesting, Waiting, Talking, Refused:
	}
	return f, fx
}

// ask begins a request.
func ask(f Floor, now time.Duration, fx []Effect) (Floor, []Effect) {
	f.Phase = Requesting
	f.Gen++
	f.Deadline = now + f.Rules.RequestTimeout
	return f, append(fx, Effect{Do: Request, Gen: f.Gen, All: f.Emergency})
}

func release(f Floor, ev Event, fx []Effect) (Floor, []Effect) {
	switch f.Phase {
	case Requesting, Refused:
		return idle(f), fx
	case Waiting:
		return idle(f), append(fx, Effect{Do: Yield, Gen: f.Gen})
	case Talking:
		f.Phase = Draining
		f.RenewAt = 0
		f.Deadline = ev.At + f.Rules.DrainTimeout
		said := ev.At
		if ev.Said != 0 {
			said = ev.Said
		}
		return f, append(fx, Effect{Do: Drain, Gen: f.Gen, At: said})
	case Idle, Draining:
	}
	return f, fx
}

func granted(f Floor, ev Event, fx []Effect) (Floor, []Effect) {
	if !f.asks(ev.Gen) {
		return f, append(fx, Effect{Do: Yield, Gen: ev.Gen})
	}
	if ev.At >= ev.Until {
		fx = append(fx, Effect{Do: Yield, Gen: ev.Gen})
		return refuse(f, NoAnswer, "", fx)
	}
	open := Effect{Do: Open, Gen: f.Gen, Until: ev.Until}
	if f.Phase == Waiting { // nobody was meant to hear what was said in the queue
		open.At = ev.At
	}
	f.Phase = Talking
	f.Deadline, f.Place, f.AskAt, f.GiveUp, f.Holder = 0, 0, 0, 0, ""
	f.Lease = ev.Until
	f.RenewAt = ev.At + f.Rules.RenewEvery
	f = startTimer(f, ev.At, ev.Left)
	return f, append(fx, open, Effect{Do: Notify, Signal: SignalPermit})
}

func renew(f Floor, now time.Duration, fx []Effect) (Floor, []Effect) {
	f.RenewAt = now + f.Rules.RenewEvery
	return f, append(fx, Effect{Do: Renew, Gen: f.Gen})
}

// end takes away whatever the press has: an open microphone is closed and the
// floor handed back, a request is given up.
func end(f Floor, now time.Duration, why Reason, holder string, fx []Effect) (Floor, []Effect) {
	switch f.Phase {
	case Talking:
		fx = append(fx,
			Effect{Do: Close, Gen: f.Gen},
			Effect{Do: Yield, Gen: f.Gen})
		f = charge(f, now)
		if why == BudgetSpent {
			f = outOfBudget(f, why, f.Talked.freeAt(now, f.Rules.Budget, f.Rules.Window))
		}
		return refuse(f, why, holder, fx)
	case Requesting:
		return refuse(f, why, holder, fx)
	case Waiting:
		return leave(f, why, holder, fx)
	case Draining:
		return finish(f, now, fx)
	case Idle, Refused:
	}
	return f, fx
}

// finish ends a talk spurt after its release.
func finish(f Floor, now time.Duration, fx []Effect) (Floor, []Effect) {
	fx = append(fx,
		Effect{Do: Close, Gen: f.Gen},
		Effect{Do: Yield, Gen: f.Gen},
		Effect{Do: Notify, Signal: SignalReleased})
	return idle(charge(f, now)), fx
}

func refuse(f Floor, why Reason, holder string, fx []Effect) (Floor, []Effect) {
	signal := SignalDeny
	switch {
	case f.Phase == Talking:
		signal = SignalRevoked
	case why == Busy:
		signal = SignalBusy
	}
	emergency := f.Emergency
	f = idle(f)
	f.Phase, f.Why, f.Holder, f.Emergency = Refused, why, holder, emergency
	return f, append(fx, Effect{Do: Notify, Signal: signal})
}

// idle clears what belonged to the press, and keeps what belongs to the port.
func idle(f Floor) Floor {
	return Floor{Rules: f.Rules, Rights: f.Rights, Bar: f.Bar, Link: f.Link, Fault: f.Fault, Gen: f.Gen,
		PenaltyUntil: f.PenaltyUntil, Talked: f.Talked, SpentUntil: f.SpentUntil}
}
