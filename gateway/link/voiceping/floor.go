package voiceping

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

// handBack bounds each step of giving the floor back.
const handBack = 500 * time.Millisecond

// grant is the server's yes to one claim.
type grant struct {
	session *session
	claim   redis.Claim
	adopted bool
	// cut is set when not one frame more may pass, by is who made it so.
	cut atomic.Bool
	by  atomic.Pointer[string]
	// confirmed is when Redis was last asked and said that the lock is ours.
	confirmed time.Time
}

// Acquire implements [port.SpeakerLock]: one message to the server, then one
// round trip to Redis that makes the server's lock the claim's.
func (l *Link) Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error) {
	s := l.session.Load()
	if s == nil {
		return redis.Decision{}, port.ErrLinkDown
	}
	l.floor.Lock()
	defer l.floor.Unlock()
	// Also for a dispatcher: nothing but the grant of an ordinary ptt-start names
	// the port's producer to those who do not yet hear it.
	f, err := l.start(ctx, s, cl, wire.PTTStart)
	again := false
	switch {
	case err == nil && f.Success:
	case err == nil && f.CurrentSpeaker == nil:
		// Denied by nobody: the other one stopped between the server's two
		// looks at the lock.
		again = true
	case err == nil && *f.CurrentSpeaker == cl.UserID:
		// Denied by a lock of our own, which is none of ours that lives.
		if again, err = l.cfg.State.Abandon(ctx, cl, cl.TTL); err != nil {
			return redis.Decision{}, err
		}
	case err == nil && l.cfg.Role == redis.RoleDispatch:
		if f, err = l.start(ctx, s, cl, wire.PriorityPTTStart); refusedWith(err, wire.RoleUndetermined) {
			var d redis.Decision
			if again, d, err = l.preempt(ctx, cl); err != nil || !again {
				return d, err
			}
		}
	}
	if again {
		f, err = l.start(ctx, s, cl, wire.PTTStart)
	}
	var no *Refusal
	switch {
	case errors.As(err, &no) && strings.HasPrefix(no.Text, "Permission denied"):
		l.log.Warn("the server refuses the floor", "error", err)
		return redis.Decision{Verdict: redis.NoRights}, nil
	case err != nil:
		return redis.Decision{}, err
	case !f.Success:
		return redis.Decision{Verdict: redis.Busy, Holder: redis.Holder{UserID: value(f.CurrentSpeaker), UserName: value(f.CurrentSpeakerName)}}, nil
	}
	return l.adopt(ctx, s, cl)
}

// adopt relies on the server's grant once Redis says so, too.
func (l *Link) adopt(ctx context.Context, s *session, cl redis.Claim) (redis.Decision, error) {
	g := &grant{session: s, claim: cl, confirmed: time.Now()}
	g.cut.Store(true) // until it is known to be right
	l.grant.Store(g)
	d, err := l.cfg.State.Adopt(ctx, cl)
	switch {
	case err != nil:
		return d, err // the port hands back what nobody knows the fate of
	case d.Verdict == redis.Granted:
		g.adopted = true
		if g.by.Load() == nil {
			g.cut.Store(false)
		}
	case d.Verdict == redis.Busy:
		l.grant.Store(nil) // lost already; to say stop would be to say it of another's
	default:
		l.grant.Store(nil)
		l.undo(s, cl)
	}
	return d, nil
}

// preempt takes the floor from a member without priority, in Redis and in one
// step, for the server cannot. The holder hears of it there. Then the lock is
// opened for the server's own grant, without which nothing is forwarded.
func (l *Link) preempt(ctx context.Context, cl redis.Claim) (again bool, d redis.Decision, err error) {
	if d, err = l.cfg.State.Acquire(ctx, cl); err != nil {
		return false, d, err
	}
	switch {
	case d.Verdict == redis.Granted:
		again, err = l.cfg.State.Release(ctx, cl)
	case d.Verdict == redis.Busy && d.Holder.UserID == cl.UserID:
		again, err = l.cfg.State.Abandon(ctx, cl, cl.TTL)
	}
	if !again && d.Verdict == redis.Granted {
		d = redis.Decision{Verdict: redis.Busy}
	}
	return again, d, err
}

// start sends ptt-start, or its priority kin, and waits for the answer. A grant
// that comes when nobody waits any more is handed back.
func (l *Link) start(ctx context.Context, s *session, cl redis.Claim, kind wire.Type) (wire.Floor, error) {
	l.unsettled[cl.Token] = true
	var mu sync.Mutex
	given := false
	replies := make(chan wire.Frame, 1)
	err := s.conn.post(kind, wire.OfChannel{ChannelID: cl.Channel}, func(f wire.Frame) {
		mu.Lock()
		defer mu.Unlock()
		if !given {
			replies <- f
			return
		}
		var late wire.Floor
		if f.Type != wire.TypeError && f.Into(&late) == nil && late.Success {
			s.work.Go(func() {
				l.floor.Lock()
				defer l.floor.Unlock()
				l.undo(s, cl)
			})
		}
	})
	if err != nil {
		return wire.Floor{}, err
	}
	var f wire.Frame
	select {
	case f = <-replies:
	case <-ctx.Done():
		mu.Lock()
		given = true
		mu.Unlock()
		select {
		case f = <-replies:
		default:
			return wire.Floor{}, context.Cause(ctx)
		}
	}
	var floor wire.Floor
	if f.Type == wire.TypeError {
		if s.conn.alive() {
			delete(l.unsettled, cl.Token)
		}
		return floor, &Refusal{Request: string(kind), Text: f.Error}
	}
	delete(l.unsettled, cl.Token)
	return floor, f.Into(&floor)
}

// undo gives back a grant that was never relied on.
func (l *Link) undo(s *session, cl redis.Claim) {
	ctx, cancel := context.WithTimeout(context.Background(), handBack)
	defer cancel()
	if l.stop(ctx, s, cl.Channel) == nil {
		delete(l.unsettled, cl.Token)
		return
	}
	if _, err := l.cfg.State.Abandon(ctx, cl, 0); err != nil {
		l.log.Warn("an unwanted grant was not handed back", "error", err)
	}
}

// stop sends ptt-stop, which ends a priority call as well. It is sent once per
// grant, and only while the lock is ours: the server tells everybody that the
// channel is idle, whoever talks.
func (l *Link) stop(ctx context.Context, s *session, channel string) error {
	return s.conn.ask(ctx, wire.PTTStop, wire.OfChannel{ChannelID: channel}, nil)
}

// Renew implements [port.SpeakerLock].
func (l *Link) Renew(ctx context.Context, cl redis.Claim) (redis.Standing, error) {
	g := l.grant.Load()
	if g == nil || g.claim.Token != cl.Token {
		return redis.Standing{State: redis.Lost}, nil
	}
	if by := g.by.Load(); by != nil {
		return redis.Standing{State: redis.Lost, Holder: &redis.Holder{UserName: *by}}, nil
	}
	sent := time.Now()
	st, err := l.cfg.State.Renew(ctx, cl)
	switch {
	case err != nil:
	case st.State == redis.Held:
		g.confirmed = sent
	default:
		g.cut.Store(true)
	}
	return st, err
}

// Release implements [port.SpeakerLock]: the server is told while the lock is
// ours, and what it leaves is deleted by script.
func (l *Link) Release(ctx context.Context, cl redis.Claim) (bool, error) {
	l.floor.Lock()
	defer l.floor.Unlock()
	g := l.grant.Load()
	if g == nil || g.claim.Token != cl.Token {
		if !l.unsettled[cl.Token] {
			return false, nil
		}
		// Nobody knows what became of the request. While the connection stands
		// its answer will come.
		if s := l.session.Load(); s != nil && s.conn.alive() {
			return false, nil
		}
		delete(l.unsettled, cl.Token)
		return l.cfg.State.Abandon(ctx, cl, 0)
	}
	g.cut.Store(true)
	l.grant.Store(nil)
	delete(l.unsettled, cl.Token)
	if g.session.conn.alive() && l.ours(ctx, g) {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBack)
		if err := l.stop(wait, g.session, cl.Channel); err != nil {
			l.log.Warn("the server was not told of the end", "error", err)
		}
		cancel()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBack)
	defer cancel()
	if !g.adopted {
		if _, err := l.cfg.State.Abandon(last, cl, 0); err != nil {
			return false, err
		}
	}
	return l.cfg.State.Release(last, cl)
}

// ours reports whether the lock is the grant's now or, while Redis does not
// answer, has hardly had the time to become another's.
func (l *Link) ours(ctx context.Context, g *grant) bool {
	if !g.adopted {
		return time.Since(g.confirmed) < g.claim.TTL
	}
	v, err := l.cfg.State.ReadFloor(ctx, g.claim.Channel)
	if err != nil {
		return time.Since(g.confirmed) < g.claim.TTL
	}
	return v.Holder != nil && v.Holder.Token == g.claim.Token
}

// interrupted obeys an emergency: the server has silenced the port and leaves
// its lock. Deleting it lets the port's own view of the floor follow.
func (l *Link) interrupted(s *session, i wire.Interruption) {
	g := l.grant.Load()
	if g == nil || g.session != s {
		return
	}
	g.by.Store(&i.InterruptedBy)
	g.cut.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), handBack)
	defer cancel()
	if _, err := l.cfg.State.Release(ctx, g.claim); err != nil {
		l.log.Warn("the floor was not given up to an emergency", "error", err)
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
