package channel

import (
	"cmp"
	"context"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/state/redis"
)

// Join returns the member of a user, and makes it if needed. Each Join needs a Part.
func (ch *Channel) Join(userID, userName string) *Member {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	m := ch.members[userID]
	if m == nil {
		m = &Member{userID: userID}
		m.Deaf.Store(true) // until recallRevocation
		ch.members[userID] = m
		ctx, leave := context.WithCancel(ch.ctx)
		m.leave = leave
		ch.loops.Go(func() { ch.watchRights(ctx, m) })
	}
	m.userName = cmp.Or(userName, m.userName, userID)
	m.uses++
	return m
}

func (ch *Channel) watchRights(ctx context.Context, m *Member) {
	ch.recallRevocation(ctx, m)
	err := ch.State.WatchRights(ctx, m.userID, func(r redis.Rights) { ch.onRights(m, r, time.Now()) })
	if err != nil && ctx.Err() == nil {
		ch.log.Error("talk rights are not watched: the member is not heard", "user", m.userID, "err", err)
		ch.onRights(m, redis.Rights{}, time.Now())
	}
}

// Member returns the member of a user, or nil.
func (ch *Channel) Member(userID string) *Member {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.members[userID]
}

// Part undoes one join.
func (ch *Channel) Part(m *Member) {
	ch.change(func() {
		m.uses--
		if m.uses == 0 {
			m.leave()
			delete(ch.members, m.userID)
		}
	})
}

// OpenSource opens a member's only stream to send on. It returns nil while there is one.
func (ch *Channel) OpenSource(m *Member, c *auth.Claims) *forward.Source {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if m.source != nil {
		return nil
	}
	m.source = &forward.Source{UserID: m.userID, UserName: m.userName}
	if c.MemberRole() == redis.RoleDispatch {
		m.source.Reaches = c.MayJoin
	}
	return m.source
}

// CloseSource closes a member's stream and releases the floor if the member has it.
func (ch *Channel) CloseSource(m *Member) {
	ch.change(func() {
		m.source = nil
		m.Release(ReasonNoSession)
	})
}

// maxListeners and maxStreams bound what one member may open on a channel.
const (
	MaxListeners = 8
	MaxStreams   = 8
)

// ReserveListener counts a new listener of a member. It returns false when the member
// has too many.
func (ch *Channel) ReserveListener(m *Member) bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if m.listeners == MaxListeners {
		return false
	}
	m.listeners++
	return true
}

// OpenListener forwards the other members' audio to out. CloseListener must follow.
func (ch *Channel) OpenListener(m *Member, out forward.Output) *forward.Listener {
	l := &forward.Listener{UserID: m.userID, Deaf: &m.Deaf, Out: out}
	ch.change(func() { ch.Forwarder.AddListener(l) })
	return l
}

// CloseListener undoes ReserveListener, and OpenListener unless l is nil.
func (ch *Channel) CloseListener(m *Member, l *forward.Listener) {
	ch.change(func() {
		if l != nil {
			ch.Forwarder.RemoveListener(l)
		}
		m.listeners--
	})
}

// OpenStream starts an event stream of a member, or returns nil when the member has too
// many. The channel measures levels while there is a stream.
func (ch *Channel) OpenStream(m *Member) *Watcher {
	w := newWatcher()
	ok := false
	ch.change(func() {
		if m.streams == MaxStreams {
			return
		}
		ok = true
		m.streams++
		ch.watchers[w] = struct{}{}
		if len(ch.watchers) == 1 {
			ctx, cancel := context.WithCancel(ch.ctx)
			ch.stopMeter = cancel
			meter := forward.NewMeter(ch.showLevels)
			ch.Forwarder.Observe(meter.Hear)
			ch.loops.Go(func() { meter.Run(ctx) })
		}
	})
	if !ok {
		return nil
	}
	return w
}

// CloseStream ends an event stream. With a member's last stream it releases the floor.
func (ch *Channel) CloseStream(m *Member, w *Watcher) {
	ch.change(func() {
		delete(ch.watchers, w)
		m.streams--
		if m.streams == 0 {
			m.Release(ReasonNoEvents)
		}
		if len(ch.watchers) == 0 {
			ch.Forwarder.Observe(nil)
			ch.stopMeter()
		}
	})
}
