package port

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// drainTimeout bounds how long the last frames after a release may take: two
// frames and a period of the card, generously.
const drainTimeout = 200 * time.Millisecond

// askEvery is how often a press that waits in the queue asks for its turn, and
// placeKept how long Redis keeps a place that nobody asks for.
const (
	askEvery  = time.Second
	placeKept = 5 * time.Second
)

// actor is the state of the goroutine that decides. Nothing in it waits for
// anything but the next event.
type actor struct {
	*Port
	channel   string // empty for none
	talk      *pressTiming
	floor     floor.Floor
	view      redis.FloorView
	fault     LinkFault
	key       KeyFault
	looped    bool
	monitored bool        // an emergency is heard of a monitored channel
	claim     redis.Claim // of the latest request
	claimed   uint32      // its generation
	pressed   time.Duration
	shown     Status
	fx        []floor.Effect
}

// act runs the actor until ctx ends, and leaves the microphone shut and the
// floor on its way back.
func (p *Port) act(ctx context.Context) error {
	defer close(p.inbox.over)
	a := &actor{Port: p, fault: LinkStarting, talk: p.timing.Load()}
	if p.first != nil {
		a.channel = p.first.ID
	} else {
		a.fault = NoChannel
	}
	a.floor = floor.New(a.rules())
	a.show()
	wake := time.NewTimer(0)
	defer wake.Stop()
	pulse := time.NewTicker(pulsePeriod)
	defer pulse.Stop()
	for {
		a.beats.turn(Actor)
		if at, ok := a.floor.Wake(); ok {
			wake.Reset(max(0, at-p.now()))
		} else {
			wake.Stop()
		}
		select {
		case ev := <-p.inbox.events:
			ev.apply(a)
		case <-wake.C:
			a.step(floor.Event{Kind: floor.Tick, At: p.now()})
		case <-pulse.C:
		case <-ctx.Done():
			a.step(floor.Event{Kind: floor.LinkDown, At: p.now(), Why: floor.NoLink})
			return nil
		}
	}
}

func (a *actor) step(ev floor.Event) {
	asks := ev.Kind == floor.Press || ev.Kind == floor.EmergencyOn
	if asks && a.locked.Load() {
		a.log.Info("not talking, as it is locked by DTMF")
		a.playout.PlayTone(media.Deny)
		return
	}
	before := a.floor
	if asks {
		if a.pressed = ev.Said; ev.Said == 0 {
			a.pressed = ev.At
		}
		a.retime()
	}
	a.floor, a.fx = floor.Step(a.floor, ev, a.fx[:0])
	a.refused.Store(a.floor.Phase == floor.Refused)
	a.calling.Store(a.floor.Emergency && a.floor.Phase != floor.Refused)
	for _, fx := range a.fx {
		a.do(fx)
	}
	a.report(before)
	a.show()
}

// retime takes over timing that was changed, before a press that finds the floor
// in nobody's hands here: one spurt has one timing.
func (a *actor) retime() {
	if t := a.timing.Load(); t != a.talk && a.floor.Phase == floor.Idle {
		a.talk = t
		a.floor.Rules = a.rules()
		a.keeper.lease.Store(int64(t.Lease))
	}
}

func (a *actor) rules() floor.Rules {
	t := a.talk
	return floor.Rules{
		RequestTimeout: t.RequestTimeout,
		RenewEvery:     t.Lease / 3,
		MaxTalk:        t.MaxTalk,
		Warn:           t.Warn,
		Penalty:        t.Penalty,
		Budget:         t.Budget,
		Window:         t.BudgetWindow,
		AskEvery:       askEvery,
		MaxWait:        t.Queue,
		DrainTimeout:   drainTimeout + t.roger,
	}
}

func (a *actor) do(fx floor.Effect) {
	switch fx.Do {
	case floor.Open:
		from := a.pressed
		if fx.At != 0 {
			from = fx.At
		}
		a.talker.open(fx.Gen, a.clock.time(from), fx.Until)
	case floor.Extend:
		a.talker.extend(fx.Until)
	case floor.Drain:
		a.talker.drain(a.clock.time(fx.At))
	case floor.Close:
		a.talker.shut()
	case floor.Request:
		if fx.Gen != a.claimed { // a press that waits goes on with the claim it has
			a.claimed = fx.Gen
			a.claim = redis.NewClaim(a.channel, a.opt.UserID, a.opt.UserName, time.Now(), a.talk.LockTTL)
			a.claim.Role = a.opt.Role
			a.claim.Emergency = fx.All
			if a.talk.Queue > 0 && !fx.All {
				a.claim.Wait = placeKept
			}
		}
		a.keeper.post(order{do: fx.Do, gen: fx.Gen, claim: a.claim, by: a.floor.Deadline})
	case floor.Renew, floor.Yield:
		a.keeper.post(order{do: fx.Do, gen: fx.Gen})
	case floor.Tell:
		a.playout.PlayTone(toneOf(fx.Signal))
	}
}

// onRights applies the user's rights. Rights that cannot be read take nothing
// away: every grant and renewal looks at them in Redis itself, and the lease
// ends a talk spurt that cannot be renewed.
func (a *actor) onRights(r redis.Rights) {
	ev := floor.Event{Kind: floor.RightsLost, At: a.now(), Why: floor.NoRights}
	switch {
	case !r.Known || a.channel == "":
		return
	case r.MayTalk(a.channel):
		ev.Kind, ev.Why = floor.RightsHeld, floor.NoReason
	case r.Banned:
		ev.Why = floor.Banned
	}
	a.step(ev)
}

// onFloor applies who has the floor. If it is not this port although the
// machine thinks so, Redis is asked at once.
func (a *actor) onFloor(v redis.FloorView) {
	switch {
	case v.Known && !a.view.Known:
		a.log.Info("Redis answers")
	case !v.Known && (a.view.Known || v.Fault.Kind != a.view.Fault.Kind):
		a.log.Warn("a press would fail", "err", v.Fault.String(), "do", v.Fault.Do)
	}
	a.view = v
	if v.Known && a.floor.Phase == floor.Talking && !a.ours() {
		a.step(floor.Event{Kind: floor.Doubt, At: a.now()})
	}
	if v.Known && v.Holder == nil {
		a.step(floor.Event{Kind: floor.Freed, At: a.now()})
	}
	a.show()
}

// ours reports whether the lock that was seen is that of the latest request.
func (a *actor) ours() bool {
	return a.view.Holder != nil && a.view.Holder.Token != "" && a.view.Holder.Token == a.claim.Token
}

// show brings lamps and observer up to date.
func (a *actor) show() {
	s := Status{Channel: a.channel, Floor: a.floor, Link: a.fault, Key: a.key, Looped: a.looped, Redis: a.view.Known, RedisFault: a.view.Fault}
	if h := a.view.Holder; h != nil {
		s.Taken, s.Holder, s.HolderName, s.Emergency = true, h.UserID, h.UserName, h.Emergency != ""
	}
	s.Lamps = lamps(s, a.ours())
	if s == a.shown {
		return
	}
	if s.Emergency != a.shown.Emergency {
		a.onEmergency(s.Emergency)
	}
	if p := a.opt.Hardware.Lamps; p != nil && s.Lamps != a.shown.Lamps {
		if err := p.Show(s.Lamps); err != nil {
			a.log.Warn("lamps cannot be shown", "err", err)
		}
	}
	a.shown = s
	a.Port.shown.Store(&s)
	if a.opt.Observe != nil {
		a.opt.Observe(s)
	}
}

// report logs what a technician or a dispatcher would ask about.
func (a *actor) report(before floor.Floor) {
	if a.floor.Rights != before.Rights {
		a.log.Info("talk rights changed", "held", a.floor.Rights)
	}
	if a.floor.Phase == before.Phase {
		return
	}
	switch a.floor.Phase {
	case floor.Talking:
		a.log.Info("talking", "emergency", a.floor.Emergency)
	case floor.Refused:
		a.refusals.count(a.floor.Why)
		a.log.Info("not talking", "was", before.Phase.String(), "why", Why(a.floor))
	case floor.Idle:
		if before.Phase == floor.Draining {
			a.log.Info("released")
		}
	case floor.Waiting:
		a.log.Info("waiting for the floor", "place", a.floor.Place, "holder", a.floor.Holder)
	case floor.Requesting, floor.Draining:
	}
}

func toneOf(s floor.Signal) media.Tone {
	switch s {
	case floor.SignalPermit:
		return media.Permit
	case floor.SignalBusy:
		return media.Busy
	case floor.SignalRevoked:
		return media.Revoked
	case floor.SignalReleased:
		return media.Released
	case floor.SignalWarning:
		return media.Warning
	case floor.SignalDeny:
	}
	return media.Deny
}
