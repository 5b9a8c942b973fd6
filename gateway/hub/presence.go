package hub

import (
	"cmp"
	"context"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// join makes a user a member, or finds it to be one; each join wants a part.
func (ch *channel) join(userID, userName string) *member {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	m := ch.members[userID]
	if m == nil {
		m = &member{userID: userID}
		ch.members[userID] = m
		ctx, leave := context.WithCancel(ch.ctx)
		m.leave = leave
		ch.loops.Go(func() { ch.followRights(ctx, m) })
	}
	m.userName = cmp.Or(userName, m.userName, userID)
	m.uses++
	return m
}

func (ch *channel) followRights(ctx context.Context, m *member) {
	err := ch.state.WatchRights(ctx, m.userID, func(r redis.Rights) { ch.onRights(m, r, time.Now()) })
	if err != nil && ctx.Err() == nil {
		ch.log.Error("talk rights are not watched: the member is not heard", "user", m.userID, "err", err)
		ch.onRights(m, redis.Rights{}, time.Now())
	}
}

// member is a user that is on the channel, nil if it is not.
func (ch *channel) member(userID string) *member {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.members[userID]
}

// part undoes one join.
func (ch *channel) part(m *member) {
	ch.change(func() {
		m.uses--
		if m.uses == 0 {
			m.leave()
			delete(ch.members, m.userID)
		}
	})
}

// openSource gives a member its one stream to send on; nil while it has one.
func (ch *channel) openSource(m *member, c *Claims) *source {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if m.source != nil {
		return nil
	}
	m.source = &source{userID: m.userID, userName: m.userName}
	if c.MemberRole() == redis.RoleDispatch {
		m.source.reaches = c.MayJoin
	}
	return m.source
}

func (ch *channel) closeSource(m *member) {
	ch.change(func() {
		m.source = nil
		m.release(reasonNoSession)
	})
}

// maxListeners and maxStreams bound what one member may open on a channel.
const (
	maxListeners = 8
	maxStreams   = 8
)

// reserveListener counts a listener in; false when the member has too many.
func (ch *channel) reserveListener(m *member) bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if m.listeners == maxListeners {
		return false
	}
	m.listeners++
	return true
}

// openListener sends a member what others say; closeListener must follow.
func (ch *channel) openListener(m *member, out packetWriter) *listener {
	l := &listener{userID: m.userID, deaf: &m.deaf, out: out}
	ch.change(func() { ch.fwd.addListener(l) })
	return l
}

// closeListener undoes reserveListener, and openListener unless l is nil.
func (ch *channel) closeListener(m *member, l *listener) {
	ch.change(func() {
		if l != nil {
			ch.fwd.removeListener(l)
		}
		m.listeners--
	})
}

// openStream begins an event stream of a member; nil when it has too many. While
// anybody watches, levels are measured.
func (ch *channel) openStream(m *member) *watcher {
	w := newWatcher()
	ok := false
	ch.change(func() {
		if m.streams == maxStreams {
			return
		}
		ok = true
		m.streams++
		ch.watchers[w] = struct{}{}
		if len(ch.watchers) == 1 {
			ctx, cancel := context.WithCancel(ch.ctx)
			ch.stopMeter = cancel
			meter := newMeter(ch.showLevels)
			ch.fwd.observe(meter.hear)
			ch.loops.Go(func() { meter.run(ctx) })
		}
	})
	if !ok {
		return nil
	}
	return w
}

func (ch *channel) closeStream(m *member, w *watcher) {
	ch.change(func() {
		delete(ch.watchers, w)
		m.streams--
		if m.streams == 0 {
			m.release(reasonNoEvents)
		}
		if len(ch.watchers) == 0 {
			ch.fwd.observe(nil)
			ch.stopMeter()
		}
	})
}
