package floor

import "time"

// queued processes a place in the queue. One that nobody waits for is given up, and
// an emergency does not wait.
func queued(f Floor, ev Event, fx []Effect) (Floor, []Effect) {
	if !f.asks(ev.Gen) {
		return f, append(fx, Effect{Do: Yield, Gen: ev.Gen})
	}
	if f.Emergency {
		return leave(f, Busy, ev.Holder, fx)
	}
	if f.Phase == Requesting {
		f.Phase = Waiting
		f.GiveUp = ev.At + f.Rules.MaxWait
		f.AskAt = ev.At + f.Rules.AskEvery
		fx = append(fx, Effect{Do: Notify, Signal: SignalBusy})
	}
	// A floor that was freed since the question was asked is asked for at once.
	f.Deadline, f.Place, f.Holder = 0, ev.Place, ev.Holder
	return f, fx
}

// askAgain keeps the place in the queue, and takes the floor if it is free.
func askAgain(f Floor, now time.Duration, fx []Effect) (Floor, []Effect) {
	f.Deadline = now + f.Rules.RequestTimeout
	f.AskAt = now + f.Rules.AskEvery
	return f, append(fx, Effect{Do: Request, Gen: f.Gen})
}

// leave gives up the place in the queue.
func leave(f Floor, why Reason, holder string, fx []Effect) (Floor, []Effect) {
	fx = append(fx, Effect{Do: Yield, Gen: f.Gen})
	return refuse(f, why, holder, fx)
}
