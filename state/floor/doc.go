// Package floor is the talk-rights machine of a port: who may talk, from when,
// until when. It is pure: no I/O, no clock, no goroutine. A port feeds Step
// with events, does the effects that come back, and feeds their results in as
// further events.
//
// Five rules hold in every reachable state; a breadth-first walk in the tests
// proves them:
//
//  1. the microphone is open exactly while talking, and talking means pressed,
//     rights held, lease alive and link up;
//  2. every state that waits has a Wake time;
//  3. every request ends in denied, or granted and later yielded; a place in the
//     queue is yielded or becomes one of them;
//  4. from every state, release and time lead to idle;
//  5. after revoked, timed out or denied, only a fresh press asks again; one that
//     waits in the queue is one press and one request, however often it is asked.
//
// An emergency is such a press, too, by a button of its own, that asks for the
// floors of all channels of the event: it takes the place of what the push-to-talk
// has, and while it lasts the push-to-talk counts for nothing.
//
// The machine knows the generation of every request. An answer that comes too
// late is recognised by it, and a late grant is handed back.
//
// # Transitions
//
// The table is generated from Step (go test ./state/floor -update). "late" is
// an answer to an earlier request; "=" means that nothing changes.
//
//	state               event                  next                   effects
//	Idle                Press                  Requesting             Request
//	Idle                EmergencyOn            Requesting             Request(all)
//	Idle                RightsLost             rights lost
//	Idle                LinkDown               link down
//	Idle                Granted, late          =                      Yield
//	Idle                Queued, late           =                      Yield
//	Idle                Failed, late           =                      Yield
//	Idle                anything else          =
//	Idle, no rights     Press                  Refused(NoRights)      Notify(Deny)
//	Idle, no rights     EmergencyOn            Refused(NoRights)      Notify(Deny)
//	Idle, no rights     RightsHeld             rights held
//	Idle, no rights     LinkDown               link down
//	Idle, no rights     Granted, late          =                      Yield
//	Idle, no rights     Queued, late           =                      Yield
//	Idle, no rights     Failed, late           =                      Yield
//	Idle, no rights     anything else          =
//	Idle, no link       Press                  Refused(NoLink)        Notify(Deny)
//	Idle, no link       EmergencyOn            Refused(NoLink)        Notify(Deny)
//	Idle, no link       RightsLost             rights lost
//	Idle, no link       LinkUp                 link up
//	Idle, no link       Granted, late          =                      Yield
//	Idle, no link       Queued, late           =                      Yield
//	Idle, no link       Failed, late           =                      Yield
//	Idle, no link       anything else          =
//	Idle, penalty       Press                  Refused(Penalty)       Notify(Deny)
//	Idle, penalty       EmergencyOn            Requesting             Request(all)
//	Idle, penalty       RightsLost             rights lost
//	Idle, penalty       LinkDown               link down
//	Idle, penalty       Granted, late          =                      Yield
//	Idle, penalty       Queued, late           =                      Yield
//	Idle, penalty       Failed, late           =                      Yield
//	Idle, penalty       anything else          =
//	Idle, spent         Press                  Refused(BudgetSpent)   Notify(Deny)
//	Idle, spent         EmergencyOn            Requesting             Request(all)
//	Idle, spent         RightsLost             rights lost
//	Idle, spent         LinkDown               link down
//	Idle, spent         Granted, late          =                      Yield
//	Idle, spent         Queued, late           =                      Yield
//	Idle, spent         Failed, late           =                      Yield
//	Idle, spent         anything else          =
//	Requesting          Release                Idle
//	Requesting          EmergencyOn            =                      Request(all)
//	Requesting          RightsLost             Refused(Revoked)       Notify(Deny)
//	Requesting          LinkDown               Refused(NoLink)        Notify(Deny)
//	Requesting          Queued                 Waiting                Notify(Busy), Request
//	Requesting          Granted                Talking                Open, Notify(Permit)
//	Requesting          Granted, lease over    Refused(NoAnswer)      Yield, Notify(Deny)
//	Requesting          Denied(Busy)           Refused(Busy)          Notify(Busy)
//	Requesting          Denied(NoRights)       Refused(NoRights)      Notify(Deny)
//	Requesting          Failed                 Refused(NoAnswer)      Yield, Notify(Deny)
//	Requesting          Granted, late          =                      Yield
//	Requesting          Queued, late           =                      Yield
//	Requesting          Failed, late           =                      Yield
//	Requesting          Tick, deadline         Refused(NoAnswer)      Notify(Deny)
//	Requesting          anything else          =
//	Waiting             Release                Idle                   Yield
//	Waiting             EmergencyOn            Requesting             Yield, Request(all)
//	Waiting             RightsLost             Refused(Revoked)       Yield, Notify(Deny)
//	Waiting             LinkDown               Refused(NoLink)        Yield, Notify(Deny)
//	Waiting             Granted, late          =                      Yield
//	Waiting             Queued, late           =                      Yield
//	Waiting             Failed, late           =                      Yield
//	Waiting             Freed                  =                      Request
//	Waiting             Tick, ask              =                      Request
//	Waiting             Tick, waited too long  Refused(Busy)          Yield, Notify(Busy)
//	Waiting             anything else          =
//	Waiting, asked      Release                Idle                   Yield
//	Waiting, asked      EmergencyOn            Requesting             Yield, Request(all)
//	Waiting, asked      RightsLost             Refused(Revoked)       Yield, Notify(Deny)
//	Waiting, asked      LinkDown               Refused(NoLink)        Yield, Notify(Deny)
//	Waiting, asked      Queued                 place 1
//	Waiting, asked      Granted                Talking                Open, Notify(Permit)
//	Waiting, asked      Granted, lease over    Refused(NoAnswer)      Yield, Notify(Deny)
//	Waiting, asked      Denied(Busy)           Refused(Busy)          Notify(Busy)
//	Waiting, asked      Denied(NoRights)       Refused(NoRights)      Notify(Deny)
//	Waiting, asked      Failed                 Refused(NoAnswer)      Yield, Notify(Deny)
//	Waiting, asked      Granted, late          =                      Yield
//	Waiting, asked      Queued, late           =                      Yield
//	Waiting, asked      Failed, late           =                      Yield
//	Waiting, asked      Freed                  asked again next
//	Waiting, asked      Tick, deadline         Refused(NoAnswer)      Yield, Notify(Deny)
//	Waiting, asked      Tick, waited too long  Refused(NoAnswer)      Yield, Notify(Deny)
//	Waiting, asked      anything else          =
//	Talking             Release                Draining               Drain
//	Talking             EmergencyOn            Requesting             Close, Yield, Request(all)
//	Talking             RightsLost             Refused(Revoked)       Close, Yield, Notify(Revoked)
//	Talking             LinkDown               Refused(NoLink)        Close, Yield, Notify(Revoked)
//	Talking             Granted, late          =                      Yield
//	Talking             Queued, late           =                      Yield
//	Talking             Failed, late           =                      Yield
//	Talking             Renewed                lease longer           Extend
//	Talking             Lost(Preempted)        Refused(Preempted)     Close, Yield, Notify(Revoked)
//	Talking             Suspect                =                      Renew
//	Talking             Tick, renewal due      =                      Renew
//	Talking             Tick, warning due      warned                 Renew, Notify(Warning)
//	Talking             Tick, lease over       Refused(LeaseExpired)  Close, Yield, Notify(Revoked)
//	Talking             Tick, talked too long  Refused(TimedOut)      Close, Yield, Notify(Revoked)
//	Talking             anything else          =
//	Draining            Press                  Talking                Open, Renew
//	Draining            EmergencyOn            Requesting             Close, Yield, Request(all)
//	Draining            RightsLost             Idle                   Close, Yield, Notify(Released)
//	Draining            LinkDown               Idle                   Close, Yield, Notify(Released)
//	Draining            Granted, late          =                      Yield
//	Draining            Queued, late           =                      Yield
//	Draining            Failed, late           =                      Yield
//	Draining            Renewed                lease longer           Extend
//	Draining            Lost(Preempted)        Idle                   Close, Yield, Notify(Released)
//	Draining            Drained                Idle                   Close, Yield, Notify(Released)
//	Draining            Tick, deadline         Idle                   Close, Yield, Notify(Released)
//	Draining            anything else          =
//	Refused             Release                Idle
//	Refused             EmergencyOn            Requesting             Request(all)
//	Refused             RightsLost             rights lost
//	Refused             LinkDown               link down
//	Refused             Granted, late          =                      Yield
//	Refused             Queued, late           =                      Yield
//	Refused             Failed, late           =                      Yield
//	Refused             anything else          =
//	Talking to all      EmergencyOff           Draining               Drain
//	Talking to all      RightsLost             Refused(Revoked)       Close, Yield, Notify(Revoked)
//	Talking to all      LinkDown               Refused(NoLink)        Close, Yield, Notify(Revoked)
//	Talking to all      Granted, late          =                      Yield
//	Talking to all      Queued, late           =                      Yield
//	Talking to all      Failed, late           =                      Yield
//	Talking to all      Renewed                lease longer           Extend
//	Talking to all      Lost(Preempted)        Refused(Preempted)     Close, Yield, Notify(Revoked)
//	Talking to all      Suspect                =                      Renew
//	Talking to all      Tick, renewal due      =                      Renew
//	Talking to all      Tick, warning due      warned                 Renew, Notify(Warning)
//	Talking to all      Tick, lease over       Refused(LeaseExpired)  Close, Yield, Notify(Revoked)
//	Talking to all      Tick, talked too long  Refused(TimedOut)      Close, Yield, Notify(Revoked)
//	Talking to all      anything else          =
//	Draining to all     Press                  Requesting             Close, Yield, Request
//	Draining to all     EmergencyOn            Requesting             Close, Yield, Request(all)
//	Draining to all     RightsLost             Idle                   Close, Yield, Notify(Released)
//	Draining to all     LinkDown               Idle                   Close, Yield, Notify(Released)
//	Draining to all     Granted, late          =                      Yield
//	Draining to all     Queued, late           =                      Yield
//	Draining to all     Failed, late           =                      Yield
//	Draining to all     Renewed                lease longer           Extend
//	Draining to all     Lost(Preempted)        Idle                   Close, Yield, Notify(Released)
//	Draining to all     Drained                Idle                   Close, Yield, Notify(Released)
//	Draining to all     Tick, deadline         Idle                   Close, Yield, Notify(Released)
//	Draining to all     anything else          =
//	Refused, emergency  Press                  Requesting             Request
//	Refused, emergency  EmergencyOn            Requesting             Request(all)
//	Refused, emergency  EmergencyOff           Idle
//	Refused, emergency  RightsLost             rights lost
//	Refused, emergency  LinkDown               link down
//	Refused, emergency  Granted, late          =                      Yield
//	Refused, emergency  Queued, late           =                      Yield
//	Refused, emergency  Failed, late           =                      Yield
//	Refused, emergency  anything else          =
package floor

//go:generate go run golang.org/x/tools/cmd/stringer@v0.52.0 -type=Phase,Reason,Kind,Do,Signal -output=string.go
