package port

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port/lockclient"
	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// drainTimeout bounds how long the last frames after a release may take: two frames and a
// period of the card, generously.
const drainTimeout = 200 * time.Millisecond

// askEvery is how often a press that waits in the queue asks for its turn, and placeKept
// how long Redis keeps a place that nobody asks for.
const (
	askEvery  = time.Second
	placeKept = 5 * time.Second
)

// actor is the state of the goroutine that decides. It waits for nothing but the next
// event: what blocks is done on other goroutines.
type actor struct {
	user   user
	timing *atomic.Pointer[pressTiming] // of the next press
	clock  *leaseClock
	inbox  *inbox
	sender *sender.Sender
	lock   *lockclient.Client
	tones  tonePlayer
	volume *output.Volume
	lamps  *output.Lamps // nil where there are none
	route  *route
	public *published
	turned func() // called with each turn
	log    *slog.Logger

	channel   string // empty for none
	talk      *pressTiming
	floor     floor.Floor
	view      redis.FloorView
	fault     LinkFault
	key       output.KeyFault
	looped    bool
	unheard   string      // why the server forwards nothing of this talk spurt
	unguarded bool        // no live guard is in the channel's room
	monitored bool        // an emergency is heard of a monitored channel
	claim     redis.Claim // of the latest request
	claimed   uint32      // its generation
	pressed   time.Duration
	shown     Status
	fx        []floor.Effect
}

// user is who asks for the floor.
type user struct {
	id, name string
	role     redis.Role
}

// run runs the actor until ctx ends. It leaves the gate shut and the floor on its way
// back.
func (a *actor) run(ctx context.Context) {
	defer close(a.inbox.over)
	a.floor = floor.New(a.rules())
	a.show()
	wake := time.NewTimer(0)
	defer wake.Stop()
	tick := time.NewTicker(pulse.Period)
	defer tick.Stop()
	for {
		a.turned()
		if at, ok := a.floor.Wake(); ok {
			wake.Reset(max(0, at-a.clock.Now()))
		} else {
			wake.Stop()
		}
		select {
		case ev := <-a.inbox.events:
			ev.apply(a)
		case <-wake.C:
			a.step(floor.Event{Kind: floor.Tick, At: a.clock.Now()})
		case <-tick.C:
		case <-ctx.Done():
			a.step(floor.Event{Kind: floor.LinkDown, At: a.clock.Now(), Why: floor.NoLink})
			return
		}
	}
}

// step gives one event to the talk-rights machine and does what follows.
func (a *actor) step(ev floor.Event) {
	asks := ev.Kind == floor.Press || ev.Kind == floor.EmergencyOn
	if asks && a.public.locked.Load() {
		a.log.Info("not talking, as it is locked by DTMF")
		a.tones.PlayTone(media.Deny)
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
	if a.floor.Phase != floor.Talking {
		a.unheard = ""
	}
	a.public.refused.Store(a.floor.Phase == floor.Refused)
	a.public.calling.Store(a.floor.Emergency && a.floor.Phase != floor.Refused)
	for _, fx := range a.fx {
		a.do(fx)
	}
	a.report(before)
	a.show()
}

// retime applies a changed timing, before a press while nobody talks here: one talk spurt
// has one timing.
func (a *actor) retime() {
	if t := a.timing.Load(); t != a.talk && a.floor.Phase == floor.Idle {
		a.talk = t
		a.floor.Rules = a.rules()
		a.lock.SetLease(t.Lease)
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
		a.sender.Open(fx.Gen, a.clock.Time(from), fx.Until)
	case floor.Extend:
		a.sender.Extend(fx.Until)
	case floor.Drain:
		a.sender.Drain(a.clock.Time(fx.At))
	case floor.Close:
		a.sender.Close()
	case floor.Request:
		if fx.Gen != a.claimed { // a press that waits in the queue keeps its claim
			a.claimed = fx.Gen
			a.claim = redis.NewClaim(a.channel, a.user.id, a.user.name, time.Now(), a.talk.LockTTL)
			a.claim.Role = a.user.role
			a.claim.Emergency = fx.All
			a.claim.Budget = redis.Budget{Limit: a.talk.Budget, Window: a.talk.BudgetWindow}
			if a.talk.Queue > 0 && !fx.All {
				a.claim.Wait = placeKept
			}
		}
		a.lock.Send(lockclient.Order{Do: fx.Do, Gen: fx.Gen, Claim: a.claim, By: a.floor.Deadline})
	case floor.Renew, floor.Yield:
		a.lock.Send(lockclient.Order{Do: fx.Do, Gen: fx.Gen})
	case floor.Notify:
		a.tones.PlayTone(toneOf(fx.Signal))
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

// onRights applies the user's rights. Rights that cannot be read take nothing away: every
// grant and renewal checks them in Redis itself, and the lease ends a talk spurt that
// cannot be renewed.
func (a *actor) onRights(r redis.Rights) {
	ev := floor.Event{Kind: floor.RightsLost, At: a.clock.Now(), Why: floor.NoRights}
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

// onFloor applies who has the floor. If it is not this port although the machine thinks
// so, Redis is asked at once.
func (a *actor) onFloor(v redis.FloorView) {
	switch {
	case v.Known && !a.view.Known:
		a.log.Info("Redis answers")
	case !v.Known && (a.view.Known || v.Fault.Kind != a.view.Fault.Kind):
		a.log.Warn("a press would fail", "err", v.Fault.String(), "do", v.Fault.Do)
	}
	a.view = v
	if v.Known && a.floor.Phase == floor.Talking && !a.ours() {
		a.step(floor.Event{Kind: floor.Suspect, At: a.clock.Now()})
	}
	if v.Known && v.Holder == nil {
		a.step(floor.Event{Kind: floor.Freed, At: a.clock.Now()})
	}
	a.show()
}

// ours reports whether the lock that was read is that of the latest request.
func (a *actor) ours() bool {
	return a.view.Holder != nil && a.view.Holder.Token != "" && a.view.Holder.Token == a.claim.Token
}

// onChannel moves to another channel; nil for none. Whatever was asked for or said on the
// one before ends.
func (a *actor) onChannel(c *Channel) {
	a.step(floor.Event{Kind: floor.LinkDown, At: a.clock.Now(), Why: floor.NoLink})
	if c == nil || a.channel != c.ID {
		a.unguarded = false
	}
	if c == nil {
		a.channel, a.fault = "", NoChannel
		a.log.Warn("no channel is selected")
		a.onFloor(redis.FloorView{Known: a.view.Known})
		return
	}
	if a.channel != c.ID {
		a.channel, a.fault = c.ID, LinkStarting
		a.onFloor(redis.FloorView{Known: a.view.Known})
	}
	a.log.Info("channel is selected", "channel", c.ID)
	a.onRights(a.route.knownRights())
	a.show()
}

// onLoop shows a loop and ends what the radio says: nothing more is sent, no roger tone
// either, and the floor is given back.
func (a *actor) onLoop(e loopEvent) {
	a.looped = e.looped
	if e.release {
		a.step(floor.Event{Kind: floor.Lost, At: a.clock.Now(), Gen: a.floor.Gen, Why: floor.Looped})
		a.step(floor.Event{Kind: floor.Release, At: a.clock.Now()})
	}
	a.show()
}
