package floor

import "time"

// emergency asks for the floors of all channels of the event, in place of whatever
// a press has. Neither budget nor penalty keeps it from talking; the time-out timer
// ends it as it ends every talk spurt.
func emergency(f Floor, ev Event, fx []Effect) (Floor, []Effect) {
	if f.Emergency && (f.Phase == Requesting || f.Phase == Talking) {
		return f, fx
	}
	f, fx = abandon(f, ev.At, fx)
	f.Emergency = true
	switch {
	case !f.Link:
		return refuse(f, f.Fault, "", fx)
	case !f.Rights:
		return refuse(f, f.Bar, "", fx)
	}
	return ask(f, ev.At, fx)
}

// abandon gives up whatever there is for something else that is asked for in the
// same instant, and tells nobody.
func abandon(f Floor, now time.Duration, fx []Effect) (Floor, []Effect) {
	switch f.Phase {
	case Talking, Draining:
		fx = append(fx, Effect{Do: Close, Gen: f.Gen}, Effect{Do: Yield, Gen: f.Gen})
		f = charge(f, now)
	case Waiting:
		fx = append(fx, Effect{Do: Yield, Gen: f.Gen})
	case Idle, Requesting, Refused:
	}
	return idle(f), fx
}
