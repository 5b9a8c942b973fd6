package channel

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// floorReader is what a channel needs of the shared state.
type floorReader interface {
	// WatchChannel and WatchRights report until ctx ends, one view at a time.
	WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error
	WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error
	ReadFloor(ctx context.Context, channel string) (redis.FloorView, error)
	ReadRights(ctx context.Context, userID string) (redis.Rights, error)
}

// Channel is one channel as long as anybody is on it: who that is, what the hub
// knows of the floor, and the sound that goes through.
type Channel struct {
	Config
	Id        string
	log       *slog.Logger
	Forwarder *forward.Forwarder

	relays      *forward.Relays
	revocations *revocations

	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup
	look   chan struct{} // asks for a fresh reading
	// looked ends the wait for known: Redis has been asked once, in vain or not.
	looked func()
	Known  chan struct{}

	uses int // guarded by the lock of channels

	mu       sync.Mutex
	floor    floor.View[redis.Holder]
	members  map[string]*Member
	watchers map[*Watcher]struct{}
	last     hangover
	tap      *forward.Route // on another channel whose emergency is heard here; nil is none
	guest    *Member        // whoever speaks there
	kept     string         // token of the last grant that the hub holds for a browser
	shown    *redis.Holder  // who the watchers were told has the floor
	pausedBy string         // the ID of who ended the last talk spurt as a dispatcher, "" where nobody did
	picture  []byte         // the state they were told last, JSON
	// stopMeter ends the metering of levels, which goes on while anybody watches.
	stopMeter context.CancelFunc
}

func newChannel(ctx context.Context, id string, all *Set) *Channel {
	ch := &Channel{
		Config:      all.Config,
		Id:          id,
		relays:      all.Relays,
		revocations: all.revocations,
		log:         all.Log.With("channel", id),
		look:        make(chan struct{}, 1),
		Known:       make(chan struct{}),
		floor:       floor.View[redis.Holder]{Lease: all.Lease},
		members:     map[string]*Member{},
		watchers:    map[*Watcher]struct{}{},
	}
	ch.looked = sync.OnceFunc(func() { close(ch.Known) })
	ch.ctx, ch.cancel = context.WithCancel(ctx)
	ch.Forwarder = forward.New(forward.Config{
		Hold: ch.HoldBack, Traffic: &all.Traffic, Begun: ch.lookAgain, Unheard: ch.tellUnheard, Relay: ch.relays.Use(id),
		Record: func(out *forward.Outgoing) {
			ch.Recall.Packet(id, out.SSRC, out.From.UserID, out.From.UserName, out.Payload, time.Now())
		},
	})
	ch.loops.Go(ch.follow)
	ch.loops.Go(ch.refresh)
	return ch
}

// Close ends what the channel runs, and waits for it.
func (ch *Channel) Close() {
	ch.cancel()
	ch.loops.Wait()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.listenNoMore()
	ch.relays.Release(ch.Id)
}

// follow keeps up with the floor as it changes hands.
func (ch *Channel) follow() {
	defer ch.looked() // if it ends before it has begun
	err := ch.State.WatchChannel(ch.ctx, ch.Id, ch.seeFloor)
	if err != nil && ch.ctx.Err() == nil {
		ch.log.Error("floor is not watched: nothing is forwarded", "err", err)
	}
}

// lookInterval is the least time between two readings that were asked for.
const lookInterval = 10 * time.Millisecond

// refresh reads the floor again before the view of it runs out, and when somebody
// begins to send whom the view does not admit: the news may have been lost.
func (ch *Channel) refresh() {
	tick := time.NewTicker(ch.Lease / 3)
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ch.ctx.Done():
			return
		case <-tick.C:
			ch.mu.Lock()
			held := ch.floor.Holder() != nil
			ch.mu.Unlock()
			if !held {
				continue
			}
		case <-ch.look:
		}
		ch.read()
		pause.Reset(lookInterval)
		select {
		case <-ch.ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// ReliedUntil is until when the view of the floor is relied on, unless it is confirmed.
func (ch *Channel) ReliedUntil() time.Time {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.floor.Until()
}

func (ch *Channel) lookAgain() {
	select {
	case ch.look <- struct{}{}:
	default:
	}
}

// read reads the floor, and the rights of who has it.
func (ch *Channel) read() {
	ctx, cancel := context.WithTimeout(ch.ctx, ch.Lease/3)
	defer cancel()
	floor, err := ch.State.ReadFloor(ctx, ch.Id)
	if err != nil {
		floor = redis.FloorView{ReadAt: floor.ReadAt}
	}
	ch.seeFloor(floor)
	ch.mu.Lock()
	var m *Member
	if h := ch.floor.Holder(); h != nil {
		m = ch.members[h.UserID]
	}
	ch.mu.Unlock()
	if m == nil {
		return
	}
	at := time.Now()
	if rights, err := ch.State.ReadRights(ctx, m.userID); err == nil {
		ch.onRights(m, rights, at)
	}
}

func (ch *Channel) seeFloor(f redis.FloorView) {
	defer ch.looked()
	ch.change(func() { ch.learn(f) })
}

// learn takes in a reading of the floor. ch.mu is held.
func (ch *Channel) learn(f redis.FloorView) {
	ch.pausedBy = f.PausedBy
	if err := ch.floor.Apply(f.Reading()); err != nil {
		ch.log.Warn("a holder of the floor was overtaken by a newer grant: it is not heard", "user", f.Holder.UserID, "err", err)
	}
}

// change changes the channel by f and lets gate and watchers follow.
func (ch *Channel) change(f func()) {
	ch.mu.Lock()
	f()
	ch.decide()
	ch.mu.Unlock()
	ch.Forwarder.Drain()
}

// decide lets the gate admit who has the floor, is here, and may talk; and tells
// the watchers. ch.mu is held.
func (ch *Channel) decide() {
	now := time.Now()
	holder := ch.floor.HolderAt(now)
	ch.Admit(holder, now)
	if !sameGrant(holder, ch.shown) {
		ch.tellHandover(ch.shown, holder)
		ch.shown = holder
	}
	ch.show(now)
}

func (ch *Channel) Admit(holder *redis.Holder, now time.Time) {
	if holder != nil {
		m := ch.listenTo(holder)
		if m == nil {
			ch.listenNoMore()
			m = ch.members[holder.UserID]
		}
		if m != nil && m.source != nil {
			if until := m.mayTalkUntil(ch.floor.Until()); now.Before(until) {
				ch.last = hangover{member: m, token: holder.Token}
				ch.Forwarder.Admit(m.source, grantOf(holder), until)
				return
			}
		}
	}
	if ch.trails(now) {
		ch.Forwarder.Trail()
		return
	}
	ch.last = hangover{}
	ch.Forwarder.Shut()
	if holder == nil {
		ch.listenNoMore()
	}
}

func grantOf(h *redis.Holder) forward.Grant {
	return forward.Grant{UserID: h.UserID, Token: h.Token, Epoch: h.Epoch, Since: h.Since.UnixMilli()}
}

func sameGrant(a, b *redis.Holder) bool {
	if a == nil || b == nil {
		return a == b
	}
	return grantOf(a) == grantOf(b)
}
