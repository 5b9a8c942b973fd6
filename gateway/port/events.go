package port

import (
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// event is what reaches the actor. All events come by one inbox, in the order in which
// they were posted.
type event interface{ apply(a *actor) }

type (
	floorEvent floor.Event
	// rightsEvent: the user's rights were read or published.
	rightsEvent redis.Rights
	// viewEvent: the speaker lock of the port's channel was read.
	viewEvent redis.FloorView
	// linkEvent: the link is up, or why not.
	linkEvent LinkFault
	// keyEvent: what the readback of the transmitter shows.
	keyEvent output.KeyFault
	// loopEvent: a loop was found, or its penalty is over.
	loopEvent struct {
		looped  bool
		release bool // the press that the radio alone made ends
	}
	// emergencyButtonEvent: the emergency button was held for its guard time, or let go.
	emergencyButtonEvent struct {
		held bool
		at   time.Duration
	}
	// monitoredEvent: an emergency is heard of a monitored channel, or no longer.
	monitoredEvent bool
	// unheardEvent: why the server forwards nothing of what is said; empty if it does.
	unheardEvent string
	// guardEvent: whether a guard is in the room of the channel was read.
	guardEvent struct {
		channel   string
		unguarded bool
	}
	// commandEvent: a command was dialed.
	commandEvent detect.Command
	// channelEvent: the selector chose a channel; nil for none. left is closed once the
	// floor of the channel before was given back.
	channelEvent struct {
		to   *Channel
		left chan<- struct{}
	}
)

func (e floorEvent) apply(a *actor)           { a.step(floor.Event(e)) }
func (e rightsEvent) apply(a *actor)          { a.onRights(redis.Rights(e)) }
func (e viewEvent) apply(a *actor)            { a.onFloor(redis.FloorView(e)) }
func (e linkEvent) apply(a *actor)            { a.fault = LinkFault(e); a.show() }
func (e keyEvent) apply(a *actor)             { a.key = output.KeyFault(e); a.show() }
func (e loopEvent) apply(a *actor)            { a.onLoop(e) }
func (e emergencyButtonEvent) apply(a *actor) { a.onEmergencyButton(e) }
func (e monitoredEvent) apply(a *actor)       { a.onMonitoredEmergency(bool(e)) }
func (e unheardEvent) apply(a *actor)         { a.onUnheard(string(e)) }
func (e guardEvent) apply(a *actor)           { a.onGuard(e) }
func (e commandEvent) apply(a *actor)         { a.onCommand(detect.Command(e)) }
func (e channelEvent) apply(a *actor)         { a.onChannel(e.to); close(e.left) }

// inboxSize is more events than a port has in flight.
const inboxSize = 64

// inbox is the one way to the actor.
type inbox struct {
	events  chan event
	over    chan struct{} // closed when the actor reads no more
	dropped atomic.Uint64
}

func newInbox() *inbox {
	return &inbox{events: make(chan event, inboxSize), over: make(chan struct{})}
}

// post delivers an event unless the actor is over. It waits while the inbox is full.
func (i *inbox) post(e event) {
	select {
	case i.events <- e:
	case <-i.over:
	}
}

// offer delivers an event if there is room at once, and counts it as dropped if not: for
// the audio path, which may not wait.
func (i *inbox) offer(e event) {
	select {
	case i.events <- e:
	default:
		i.dropped.Add(1)
	}
}

// requests brings what the inputs ask for to the actor. It implements inputs.Floor.
type requests struct {
	inbox  *inbox
	public *published
}

func (r requests) Press(at, said time.Duration) {
	r.inbox.post(floorEvent{Kind: floor.Press, At: at, Said: said})
}

func (r requests) Release(at, said time.Duration) {
	r.inbox.post(floorEvent{Kind: floor.Release, At: at, Said: said})
}

func (r requests) EmergencyButton(held bool, at time.Duration) {
	r.inbox.post(emergencyButtonEvent{held, at})
}

func (r requests) Abort(at time.Duration) {
	r.inbox.post(floorEvent{Kind: floor.Release, At: at})
	r.inbox.post(floorEvent{Kind: floor.EmergencyOff, At: at})
}

func (r requests) Loop(found, release bool) { r.inbox.post(loopEvent{found, release}) }

func (r requests) Refused() bool { return r.public.refused.Load() }
func (r requests) Calling() bool { return r.public.calling.Load() }
