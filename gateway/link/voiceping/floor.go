package voiceping

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/redact"
	"github.com/talkgate/talkgate/state/redis"
)

// handBackTimeout bounds each step of giving the floor back.
const handBackTimeout = 500 * time.Millisecond

const (
	// successorWithin is how long the link waits for the next holder of a lost floor,
	// and successorEvery how often it reads the lock meanwhile.
	successorWithin = 50 * time.Millisecond
	successorEvery  = 5 * time.Millisecond
)

var errSlow = errors.New("the VoicePing server is slow: it has not answered")

// grant is the server's grant of one claim.
type grant struct {
	session *session
	claim   redis.Claim
	adopted bool
	gate    atomic.Int32
	by      atomic.Pointer[string] // who interrupted
	// confirmed is when the last read was sent that found the lock to be ours.
	confirmed time.Time
}

// The gate of a grant opens at most once, and only before it is shut.
const (
	gatePending = iota
	gateOpen
	gateShut
)

func (g *grant) open()        { g.gate.CompareAndSwap(gatePending, gateOpen) }
func (g *grant) shut()        { g.gate.Store(gateShut) }
func (g *grant) isOpen() bool { return g.gate.Load() == gateOpen }

// Acquire implements [port.SpeakerLock]. It sends one message to the server, and then
// one round trip to Redis makes the server's lock the claim's.
func (l *Link) Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error) {
	s := l.session.Load()
	if s == nil {
		return redis.Decision{}, port.ErrLinkDown
	}
	l.floor.Lock()
	defer l.floor.Unlock()
	// A late ptt-stop deletes whatever lock the user has by then.
	if err := s.stopped(ctx); err != nil {
		return redis.Decision{}, err
	}
	// A dispatcher starts with an ordinary ptt-start, too: only its grant names the
	// port's producer to members who do not consume it yet.
	f, err := l.start(ctx, s, cl, wire.PTTStart)
	again := false
	switch {
	case err == nil && f.Success:
	case err == nil && f.CurrentSpeaker == nil:
		// Denied, and no holder: the other talker stopped between the server's two
		// reads of the lock.
		again = true
	case err == nil && *f.CurrentSpeaker == cl.UserID:
		// Denied because of a lock of ours that no talk spurt holds.
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
		l.log.Warn("the server refuses the floor", "err", err)
		return redis.Decision{Verdict: redis.NoRights}, nil
	case err != nil:
		return redis.Decision{}, err
	case !f.Success:
		return redis.Decision{Verdict: redis.Busy, Holder: redis.Holder{UserID: value(f.CurrentSpeaker), UserName: value(f.CurrentSpeakerName)}}, nil
	}
	return l.adopt(ctx, s, cl)
}

// adopt relies on the server's grant once Redis shows the lock.
func (l *Link) adopt(ctx context.Context, s *session, cl redis.Claim) (redis.Decision, error) {
	g := &grant{session: s, claim: cl, confirmed: time.Now()}
	l.grant.Store(g) // an interruption may come from here on
	d, err := l.cfg.State.Adopt(ctx, cl)
	switch {
	case err != nil:
		return d, err // the port hands back what nobody knows the fate of
	case d.Verdict == redis.Granted:
		g.adopted = true
		g.open()
	case d.Verdict == redis.Busy:
		l.grant.Store(nil) // lost already; to say stop would be to say it of another's
	default:
		l.grant.Store(nil)
		l.undo(s, cl)
	}
	return d, nil
}

// preempt takes the floor from a member without priority. The server cannot do that,
// so one script in Redis does, which also informs the holder. Then preempt frees the
// lock for the server's own grant: the server forwards nothing without one.
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

// start sends ptt-start, or its priority form. It waits for the answer, or for signs of
// the grant that come earlier. A grant that comes too late is handed back.
func (l *Link) start(ctx context.Context, s *session, cl redis.Claim, kind wire.Type) (wire.Floor, error) {
	l.unsettled[cl.Token] = true
	var mu sync.Mutex
	waiting, wanted := true, true
	replies := make(chan wire.Frame, 1)
	ahead := l.watchGrant(ctx, s, cl)
	defer ahead.stop()
	err := s.conn.post(kind, wire.OfChannel{ChannelID: cl.Channel}, func(f wire.Frame) {
		mu.Lock()
		defer mu.Unlock()
		if waiting {
			replies <- f
			return
		}
		var late wire.Floor
		if !wanted && f.Type != wire.TypeError && f.Into(&late) == nil && late.Success {
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
	case <-ahead.granted:
		mu.Lock()
		waiting = false
		mu.Unlock()
		delete(l.unsettled, cl.Token)
		return wire.Floor{Success: true}, nil
	case <-ctx.Done():
		mu.Lock()
		waiting, wanted = false, false
		mu.Unlock()
		select {
		case f = <-replies:
		default:
			return wire.Floor{}, fmt.Errorf("%w: %s: %w", errSlow, kind, context.Cause(ctx))
		}
	}
	var floor wire.Floor
	if f.Type == wire.TypeError {
		if s.conn.alive() {
			delete(l.unsettled, cl.Token)
		}
		return floor, &Refusal{Request: string(kind), Text: redact.Tokens(f.Error)}
	}
	delete(l.unsettled, cl.Token)
	return floor, f.Into(&floor)
}

// undo gives back a grant that was never relied on.
func (l *Link) undo(s *session, cl redis.Claim) {
	ctx, cancel := context.WithTimeout(context.Background(), handBackTimeout)
	defer cancel()
	if l.stop(ctx, s, cl.Channel) == nil {
		delete(l.unsettled, cl.Token)
		return
	}
	if _, err := l.cfg.State.Abandon(ctx, cl, 0); err != nil {
		l.log.Warn("an unwanted grant was not handed back", "err", err)
	}
}

// stop sends ptt-stop and waits for the answer. ptt-stop ends a priority call, too.
// The link sends it once per grant, and only while the lock is ours: the server then
// announces the channel as idle, whoever talks.
func (l *Link) stop(ctx context.Context, s *session, channel string) error {
	answered := &answered{done: make(chan struct{})}
	if err := s.conn.post(wire.PTTStop, wire.OfChannel{ChannelID: channel}, func(f wire.Frame) {
		if f.Type == wire.TypeError {
			answered.err = &Refusal{Request: string(wire.PTTStop), Text: redact.Tokens(f.Error)}
		}
		close(answered.done)
	}); err != nil {
		return err
	}
	s.stopping = answered
	if err := s.stopped(ctx); err != nil {
		return err
	}
	return answered.err
}

// answered is the result of a request; err is set before done is closed.
type answered struct {
	done chan struct{}
	err  error
}

// stopped waits for the answer to the latest ptt-stop, if there was one. The caller
// holds l.floor.
func (s *session) stopped(ctx context.Context) error {
	if s.stopping == nil {
		return nil
	}
	select {
	case <-s.stopping.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %s: %w", errSlow, wire.PTTStop, context.Cause(ctx))
	}
}

// Renew implements [port.SpeakerLock].
func (l *Link) Renew(ctx context.Context, cl redis.Claim) (redis.Renewal, error) {
	g := l.grant.Load()
	if g == nil || g.claim.Token != cl.Token {
		return redis.Renewal{State: redis.Lost}, nil
	}
	if by := g.by.Load(); by != nil {
		return redis.Renewal{State: redis.Lost, Holder: &redis.Holder{UserName: *by}}, nil
	}
	sent := time.Now()
	st, err := l.cfg.State.Renew(ctx, cl)
	switch {
	case err != nil:
	case st.State == redis.Held:
		g.confirmed = sent
	default:
		g.shut()
		if st.State == redis.Lost && st.Holder == nil {
			if st.Holder = l.successor(ctx, cl); st.Holder == nil {
				l.log.Warn("the port's lock vanished from Redis, and nobody has the floor", "channel", cl.Channel)
			}
		}
	}
	return st, err
}

// successor waits briefly for the next holder when a lost floor shows none: a
// dispatcher's gateway frees the lock for the server's own grant.
func (l *Link) successor(ctx context.Context, cl redis.Claim) *redis.Holder {
	ctx, cancel := context.WithTimeout(ctx, successorWithin)
	defer cancel()
	for {
		if v, err := l.cfg.State.ReadFloor(ctx, cl.Channel); err != nil || v.Holder != nil {
			return v.Holder
		}
		if !retry.Sleep(ctx, successorEvery) {
			return nil
		}
	}
}

// Release implements [port.SpeakerLock]. It informs the server while the lock is ours;
// a script deletes what the server leaves.
func (l *Link) Release(ctx context.Context, cl redis.Claim) (bool, error) {
	l.floor.Lock()
	defer l.floor.Unlock()
	return l.release(ctx, cl)
}

func (l *Link) release(ctx context.Context, cl redis.Claim) (bool, error) {
	g := l.grant.Load()
	if g == nil || g.claim.Token != cl.Token {
		if !l.unsettled[cl.Token] {
			return false, nil
		}
		// The result of the request is unknown. Its answer comes while the connection
		// lasts.
		if s := l.session.Load(); s != nil && s.conn.alive() {
			return false, nil
		}
		delete(l.unsettled, cl.Token)
		return l.cfg.State.Abandon(ctx, cl, 0)
	}
	g.shut()
	l.grant.Store(nil)
	delete(l.unsettled, cl.Token)
	if g.session.conn.alive() && l.ours(ctx, g) {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBackTimeout)
		if err := l.stop(wait, g.session, cl.Channel); err != nil {
			l.log.Warn("the server was not told of the end", "err", err)
		}
		cancel()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBackTimeout)
	defer cancel()
	if !g.adopted {
		if _, err := l.cfg.State.Abandon(last, cl, 0); err != nil {
			return false, err
		}
	}
	return l.cfg.State.Release(last, cl)
}

// ours reports whether the lock is the grant's. While Redis does not answer, it counts
// as the grant's for one TTL after the last confirmation.
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

// interrupted handles an emergency of another member. The server has paused the port's
// producer and keeps its lock; deleting the lock makes the port's view follow.
func (l *Link) interrupted(s *session, i wire.Interruption) {
	g := l.grant.Load()
	if g == nil || g.session != s {
		return
	}
	g.by.Store(&i.InterruptedBy)
	g.shut()
	ctx, cancel := context.WithTimeout(context.Background(), handBackTimeout)
	defer cancel()
	if _, err := l.cfg.State.Release(ctx, g.claim); err != nil {
		l.log.Warn("the floor was not given up to an emergency", "err", err)
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
