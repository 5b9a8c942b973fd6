package port

import (
	"time"

	"github.com/talkgate/talkgate/gateway/port/capture"
	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/state/floor"
)

// RadioStatus is a port as a radio operator looks at it. What the port does not have is
// nil. Values are whole seconds and decibels, so that they change only when there is
// something to see.
type RadioStatus struct {
	Microphone  capture.Status     `json:"microphone"`
	Squelch     *SquelchStatus     `json:"squelch,omitempty"`
	Transmitter *TransmitterStatus `json:"transmitter,omitempty"`
	Talk        TalkStatus         `json:"talk"`
}

// SquelchStatus is a radio's squelch, or the detector in place of it.
type SquelchStatus struct {
	Line     string `json:"line"`  // COR, or the name of a detector
	Open     bool   `json:"open"`  // the line is
	State    string `json:"state"` // closed, opening, open, held (closed for now), deaf (ignored because of our own transmitter) or looped (ignored because of a loop)
	Chatters bool   `json:"chatters"`
	Ignored  uint64 `json:"ignored"` // openings that were too short to talk
}

// TransmitterStatus is how a transmitter is keyed.
type TransmitterStatus struct {
	Keyed    bool            `json:"keyed"`
	Cooling  bool            `json:"cooling"`  // the duty cycle was reached
	Waiting  int             `json:"waitingS"` // speech that waits for the radio to be free
	Lost     int             `json:"lostS"`    // speech beyond limit, duty cycle or hold
	IdentDue *bool           `json:"identDue"` // nil without an identifier
	Fault    output.KeyFault `json:"fault,omitempty"`
}

// TalkStatus is what limits talking.
type TalkStatus struct {
	Left    *int  `json:"leftS"`        // until the time-out timer cuts; nil while nothing is to be cut
	Budget  *int  `json:"budgetLeftS"`  // nil without a talk budget
	Again   int   `json:"budgetAgainS"` // until a press is granted, once the budget is spent
	Penalty int   `json:"penaltyLeftS"`
	Place   int   `json:"place"`  // in the queue, 1 being next; 0 is in none
	Locked  *bool `json:"locked"` // by DTMF; nil where that is off
	Pauses  bool  `json:"pauses"` // within a talk spurt: DTX sends nothing
}

// RadioStatus is the port at this instant; any goroutine may ask.
func (p *Port) RadioStatus() RadioStatus {
	now, shown := p.clock.Now(), p.public.status.Load()
	s := RadioStatus{Microphone: p.capture.Status(), Talk: TalkStatus{
		Penalty: seconds(shown.Floor.PenaltyLeft(now)), Again: seconds(shown.Floor.BudgetAgain(now)), Place: place(shown.Floor), Pauses: p.sender.Pauses(),
		Left: secondsLeft(shown.Floor.Left(now)), Budget: secondsLeft(shown.Floor.BudgetLeft(now)),
	}}
	if p.opt.Remote != nil {
		s.Talk.Locked = new(p.TalkLocked())
	}
	if p.opt.Hardware.COR != nil || p.opt.Detector != nil {
		stats := p.SquelchStats()
		s.Squelch = &SquelchStatus{Line: "COR", Open: p.inputs.Receiving(), State: p.inputs.Squelch().Word(),
			Chatters: stats.Chatters, Ignored: stats.Ignored}
		if p.opt.Detector != nil {
			s.Squelch.Line = p.opt.Detector.String()
		}
	}
	if t := p.transmitter; t != nil {
		k := t.Stats()
		s.Transmitter = &TransmitterStatus{Keyed: p.inputs.Keyed(), Cooling: k.Cooling,
			Waiting: seconds(k.Waiting), Lost: seconds(k.Lost), IdentDue: t.IdentDue(), Fault: shown.Key}
	}
	return s
}

// place is that in the queue, of a port that waits in it.
func place(f floor.Floor) int {
	if f.Phase != floor.Waiting {
		return 0
	}
	return f.Place
}

// seconds are rounded up: there is some left while anything is.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func secondsLeft(d time.Duration, ok bool) *int {
	if !ok {
		return nil
	}
	return new(seconds(d))
}
