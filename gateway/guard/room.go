package guard

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// joinTimeout bounds the way into a room.
	joinTimeout = 10 * time.Second
	// membersEvery is how often the members of a room are listed. LiveKit tells its
	// members at once of somebody who publishes, but up to 3 s late of somebody who
	// only listens.
	membersEvery = 250 * time.Millisecond
)

// roomGuard guards one room.
type roomGuard struct {
	*Guard
	name string
	log  *slog.Logger

	meter    *meter
	offences chan string
	changed  chan struct{}
	rights   chan rightsOf
	answered chan time.Time
	listings chan listing
	outcomes chan outcome

	// Below is what serve owns.
	session   *room.Session
	members   []room.Participant
	listing   bool // a list is on its way
	relist    bool // and another is wanted after it
	view      redisView
	watching  map[string]func()
	may       map[string]bool // rights that are known
	penalties map[string]*penalty
	busy      map[string]bool    // sessions about which a call is on its way
	settled   map[string]outcome // of the last change of a session
	calls     sync.WaitGroup
}

// rightsOf is news of one member's rights.
type rightsOf struct {
	who string
	may bool
}

// listing is a list of members that was asked for at.
type listing struct {
	at      time.Time
	members []room.Participant
	err     error
}

// outcome is the end of a call about one session of a member.
type outcome struct {
	who, session string
	at           time.Time
	penalty      *penalty // new; nil leaves the old one
	removed      bool
	permission   map[string]any // new, with attributes; nil leaves the old ones
	attributes   map[string]string
	err          error
}

func newRoomGuard(g *Guard, name string) *roomGuard {
	return &roomGuard{Guard: g, name: name, log: g.log.With("channel", name), meter: newMeter(),
		offences: make(chan string, 16), changed: make(chan struct{}, 1), rights: make(chan rightsOf),
		answered: make(chan time.Time), listings: make(chan listing), outcomes: make(chan outcome),
		watching: make(map[string]func()), may: make(map[string]bool), penalties: make(map[string]*penalty),
		busy: make(map[string]bool), settled: make(map[string]outcome)}
}

// run guards the room until it is closed or ctx ends.
func (r *roomGuard) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var floor sync.WaitGroup
	floor.Go(func() {
		if err := r.cfg.State.WatchChannel(ctx, r.name, r.applyFloor); err != nil {
			r.log.Warn("the floor is not followed", "err", err)
		}
	})
	defer floor.Wait()
	defer cancel()
	backoff := retry.Backoff{Policy: retry.Policy{First: 100 * time.Millisecond, Longest: 2 * time.Second,
		Classify: func(error) retry.Advice { return retry.Advice{Now: true} }}}
	for {
		began := time.Now()
		err := r.once(ctx)
		if ctx.Err() != nil {
			return
		}
		// A room that was closed must not be entered again: that would open it.
		if names, e := r.api.Rooms(ctx); e == nil && !slices.Contains(names, r.name) {
			return
		}
		wait := backoff.Next(err, time.Since(began))
		r.log.Warn("the room is not guarded", "err", err, "retry_in", wait)
		if !retry.Sleep(ctx, wait) {
			return
		}
	}
}

func (r *roomGuard) applyFloor(v redis.FloorView) {
	if err := r.meter.apply(v); err != nil {
		r.log.Warn("a holder of the floor was overtaken by a newer grant: treated as having no floor", "user", v.Holder.UserID, "err", err)
	}
}

// once is one session in the room, from the join to its end.
func (r *roomGuard) once(ctx context.Context) error {
	setup, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	key, err := r.cfg.Key()
	if err != nil {
		return err
	}
	r.view = redisView{self: identityPrefix + rand.Text(), others: make(map[string]*otherGuard)}
	// An agent does not keep an empty room open.
	token, err := key.Sign(r.view.self, "", room.Grant{Room: r.name, RoomJoin: true, CanSubscribe: true, Hidden: true, Agent: true}, joinTimeout+time.Minute)
	if err != nil {
		return err
	}
	r.session, err = room.Join(setup, room.Config{
		Server: r.cfg.Server, Token: token, Hear: r.hear, Engine: r.cfg.Engine, Client: r.cfg.Client, Logger: r.log,
		Changed: func() {
			select {
			case r.changed <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		return err
	}
	defer r.session.Close()
	r.rooms.Add(1)
	defer r.rooms.Add(-1)
	r.log.Info("the room is guarded")
	return r.serve(ctx)
}

// hear measures what one member sends.
func (r *roomGuard) hear(identity func() string) room.Hearer {
	who := ""
	return func(p *rtp.Packet, arrived time.Time) {
		if who == "" {
			if who = identity(); who == "" {
				return
			}
		}
		if r.meter.sent(who, p.Payload, arrived) {
			select {
			case r.offences <- who:
			default: // it sends on, and its next packet is too much as well
			}
		}
	}
}

// serve watches over the members of the room while the session stands.
func (r *roomGuard) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		r.drain()
		for who := range r.watching {
			r.unwatch(who)
		}
	}()
	r.calls.Go(func() { r.keepLease(ctx, r.view.self) })
	tick := time.NewTicker(membersEvery)
	defer tick.Stop()
	for r.list(ctx); ; {
		select {
		case <-ctx.Done():
			r.withdrawGrants(context.WithoutCancel(ctx))
			return nil
		case <-r.session.Done():
			return r.session.Err()
		case who := <-r.offences:
			r.onOffence(who)
		case <-r.changed:
			r.refuse()
			r.list(ctx)
		case <-tick.C:
			r.list(ctx)
		case l := <-r.listings:
			r.onListing(ctx, l)
		case n := <-r.rights:
			r.may[n.who] = n.may
			r.settleAll()
		case at := <-r.answered:
			r.onAnswer(at)
		case o := <-r.outcomes:
			r.onOutcome(ctx, o)
		}
	}
}

// drain waits for the calls on their way.
func (r *roomGuard) drain() {
	ended := make(chan struct{})
	go func() { r.calls.Wait(); close(ended) }()
	for {
		select {
		case <-ended:
			clear(r.busy)
			r.listing, r.relist = false, false
			return
		case <-r.listings:
		case <-r.answered:
		case <-r.outcomes:
		}
	}
}

// list asks for the members of the room, one request at a time.
func (r *roomGuard) list(ctx context.Context) {
	if r.listing {
		r.relist = true
		return
	}
	r.listing = true
	r.calls.Go(func() {
		l := listing{at: time.Now()}
		ctx, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		l.members, l.err = r.api.Participants(ctx, r.name)
		r.listings <- l
	})
}

func (r *roomGuard) onListing(ctx context.Context, l listing) {
	r.listing = false
	if r.relist {
		r.relist = false
		r.list(ctx)
	}
	if l.err != nil {
		if ctx.Err() == nil {
			r.log.Warn("the members of the room are not known; asked again", "err", l.err)
		}
		return
	}
	now := time.Now()
	r.view.observe(l.members, now)
	present, sessions := make(map[string]bool, len(l.members)), make(map[string]bool, len(l.members))
	r.members = slices.DeleteFunc(l.members, isObserver)
	for session, o := range r.settled {
		if !l.at.After(o.at) {
			r.members = o.apply(r.members)
		}
		sessions[session] = sessions[session] || l.at.Sub(o.at) < apiTimeout
	}
	for _, m := range r.members {
		present[m.Identity], sessions[m.SID] = true, true
		if r.watching[m.Identity] == nil {
			r.watch(ctx, m.Identity)
		}
	}
	maps.DeleteFunc(r.settled, func(session string, _ outcome) bool { return !sessions[session] })
	for who := range r.watching {
		if !present[who] {
			r.unwatch(who)
		}
	}
	for who, p := range r.penalties {
		if p.at(now) == none {
			delete(r.penalties, who)
		}
	}
	r.share(now)
	r.meter.forget(present, now)
	r.settleAll()
}

// watch follows the rights of a member.
func (r *roomGuard) watch(ctx context.Context, who string) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := r.cfg.State.WatchRights(ctx, who, func(rights redis.Rights) {
			if !rights.Known {
				return // neither taken nor given
			}
			select {
			case r.rights <- rightsOf{who, rights.MayTalk(r.name)}:
			case <-ctx.Done():
			}
		})
		if err != nil {
			r.log.Warn("talk rights are not followed", "user", who, "err", err)
		}
	}()
	r.watching[who] = func() { cancel(); <-done }
}

func (r *roomGuard) unwatch(who string) {
	r.watching[who]()
	delete(r.watching, who)
	delete(r.may, who)
}
