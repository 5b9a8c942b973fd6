// Package channel manages the channels of a hub: members, their sessions, and the floor.
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

// floorReader is what a Channel reads from Redis.
type floorReader interface {
	// WatchChannel and WatchRights call fn with each view, one at a time, until ctx ends.
	WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error
	WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error
	ReadFloor(ctx context.Context, channel string) (redis.FloorView, error)
	ReadRights(ctx context.Context, userID string) (redis.Rights, error)
}

// Channel is one channel in use: its members, the hub's view of the floor, and the
// forwarder of its audio.
type Channel struct {
	Config
	ID        string
	log       *slog.Logger
	Forwarder *forward.Forwarder

	relays      *forward.Relays
	revocations *revocations

	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup
	reread chan struct{} // asks for a fresh reading
	// firstRead closes Known after the first read, also after one that failed.
	firstRead func()
	Known     chan struct{}

	uses int // guarded by the lock of Set

	mu       sync.Mutex
	floor    floor.View[redis.Holder]
	members  map[string]*Member
	watchers map[*Watcher]struct{}
	last     hangover
	route    *forward.Route // from another channel whose emergency is heard here; nil for none
	guest    *Member        // who speaks there
	kept     string         // token of the last grant that the hub holds for a browser
	shown    *redis.Holder  // the holder that watchers were last shown
	pausedBy string         // ID of the dispatcher who ended the last talk spurt, "" for nobody
	picture  []byte         // the snapshot that watchers were last shown, JSON
	// stopMeter stops measuring levels, when the last watcher leaves.
	stopMeter context.CancelFunc
}

func newChannel(ctx context.Context, id string, all *Set) *Channel {
	ch := &Channel{
		Config:      all.Config,
		ID:          id,
		relays:      all.Relays,
		revocations: all.revocations,
		log:         all.Log.With("channel", id),
		reread:      make(chan struct{}, 1),
		Known:       make(chan struct{}),
		floor:       floor.View[redis.Holder]{Lease: all.Lease},
		members:     map[string]*Member{},
		watchers:    map[*Watcher]struct{}{},
	}
	ch.firstRead = sync.OnceFunc(func() { close(ch.Known) })
	ch.ctx, ch.cancel = context.WithCancel(ctx)
	ch.Forwarder = forward.New(forward.Config{
		Hold: ch.HoldBack, Traffic: &all.Traffic, Begun: ch.requestRead, Unheard: ch.onUnheard, Relay: ch.relays.Use(id),
		Record: func(out *forward.Outgoing) {
			ch.Recall.Packet(id, out.SSRC, out.From.UserID, out.From.UserName, out.Payload, time.Now())
		},
	})
	ch.loops.Go(ch.follow)
	ch.loops.Go(ch.refresh)
	return ch
}

// Close stops the channel's goroutines and waits for them.
func (ch *Channel) Close() {
	ch.cancel()
	ch.loops.Wait()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.disconnectGuest()
	ch.relays.Release(ch.ID)
}

// follow applies changes of the floor until the channel closes.
func (ch *Channel) follow() {
	defer ch.firstRead() // if it ends before it has begun
	err := ch.State.WatchChannel(ch.ctx, ch.ID, ch.onFloor)
	if err != nil && ch.ctx.Err() == nil {
		ch.log.Error("floor is not watched: nothing is forwarded", "err", err)
	}
}

// rereadInterval is the least time between two reads that members caused.
const rereadInterval = 10 * time.Millisecond

// refresh reads the floor again before the view expires, and when a member sends that
// the view does not admit: a message from Redis may have been lost.
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
		case <-ch.reread:
		}
		ch.read()
		pause.Reset(rereadInterval)
		select {
		case <-ch.ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// ReliedUntil returns when the view of the floor expires unless it is confirmed.
func (ch *Channel) ReliedUntil() time.Time {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.floor.Until()
}

func (ch *Channel) requestRead() {
	select {
	case ch.reread <- struct{}{}:
	default:
	}
}

// read reads the floor and the rights of its holder.
func (ch *Channel) read() {
	ctx, cancel := context.WithTimeout(ch.ctx, ch.Lease/3)
	defer cancel()
	floor, err := ch.State.ReadFloor(ctx, ch.ID)
	if err != nil {
		floor = redis.FloorView{ReadAt: floor.ReadAt}
	}
	ch.onFloor(floor)
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

func (ch *Channel) onFloor(f redis.FloorView) {
	defer ch.firstRead()
	ch.change(func() { ch.applyFloor(f) })
}

// applyFloor applies a reading of the floor. The caller holds ch.mu.
func (ch *Channel) applyFloor(f redis.FloorView) {
	ch.pausedBy = f.PausedBy
	if err := ch.floor.Apply(f.Reading()); err != nil {
		ch.log.Warn("a holder of the floor was overtaken by a newer grant: it is not heard", "user", f.Holder.UserID, "err", err)
	}
}

// change calls f, which changes the channel, and then updates gate and watchers.
func (ch *Channel) change(f func()) {
	ch.mu.Lock()
	f()
	ch.decide()
	ch.mu.Unlock()
	ch.Forwarder.Drain()
}

// decide opens the gate for the member that has the floor and may talk, closes it for all
// others, and informs the watchers. The caller holds ch.mu.
func (ch *Channel) decide() {
	now := time.Now()
	holder := ch.floor.HolderAt(now)
	ch.Admit(holder, now)
	if !sameGrant(holder, ch.shown) {
		ch.announceHandover(ch.shown, holder)
		ch.shown = holder
	}
	ch.show(now)
}

// Admit forwards the holder's audio and nobody else's; nil is an idle floor.
func (ch *Channel) Admit(holder *redis.Holder, now time.Time) {
	if holder != nil {
		m := ch.connectGuest(holder)
		if m == nil {
			ch.disconnectGuest()
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
	if ch.inHangover(now) {
		ch.Forwarder.BeginHangover()
		return
	}
	ch.last = hangover{}
	ch.Forwarder.Shut()
	if holder == nil {
		ch.disconnectGuest()
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
