package guard

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// joinTime bounds the way into a room.
	joinTime = 10 * time.Second
	// rejoinAfter is how long a room waits for its guard after a session ended.
	rejoinAfter = 500 * time.Millisecond
	// checkEvery is how often a room is gone through although nothing was heard:
	// what failed is tried again.
	checkEvery = time.Second
	// emptyFor is how many checks a room is empty before the guard leaves, which
	// would otherwise keep it open.
	emptyFor = 3
)

// errEmpty says that nobody is there to be guarded.
var errEmpty = errors.New("the room is empty")

// post guards one room.
type post struct {
	*Guard
	name string
	log  *slog.Logger

	watch     *watch
	offenders chan string
	changed   chan struct{}
	rights    chan rightsOf

	// What follows belongs to stand.
	watching map[string]context.CancelFunc
	may      map[string]bool // whose rights are known
}

// rightsOf is news of one member's rights.
type rightsOf struct {
	who string
	may bool
}

func newPost(g *Guard, name string) *post {
	return &post{Guard: g, name: name, log: g.log.With("channel", name), watch: newWatch(),
		offenders: make(chan string, 16), changed: make(chan struct{}, 1), rights: make(chan rightsOf),
		watching: make(map[string]context.CancelFunc), may: make(map[string]bool)}
}

// run guards the room until it is empty or ctx ends.
func (p *post) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	floor := make(chan struct{})
	go func() {
		defer close(floor)
		if err := p.cfg.State.WatchChannel(ctx, p.name, p.applyFloor); err != nil {
			p.log.Warn("the floor is not followed", "error", err)
		}
	}()
	defer func() { cancel(); <-floor }()
	for {
		err := p.once(ctx)
		if ctx.Err() != nil || errors.Is(err, errEmpty) {
			return
		}
		p.log.Warn("the room is not guarded", "error", err, "retry_in", rejoinAfter)
		select {
		case <-ctx.Done():
			return
		case <-time.After(rejoinAfter):
		}
		// One that ended need not be entered again.
		if names, err := p.api.Rooms(ctx); err == nil && !slices.Contains(names, p.name) {
			return
		}
	}
}

func (p *post) applyFloor(v redis.FloorView) {
	if err := p.watch.apply(v); err != nil {
		p.log.Warn("a holder of the floor was overtaken by a newer grant: treated as having no floor", "user", v.Holder.UserID, "err", err)
	}
}

func (p *post) once(ctx context.Context) error {
	setup, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	token, err := p.cfg.Key.Sign("talkgate-guard-"+rand.Text(), "", room.Grant{Room: p.name, RoomJoin: true, CanSubscribe: true, Hidden: true}, joinTime+time.Minute)
	if err != nil {
		return err
	}
	s, err := room.Join(setup, room.Config{
		Server: p.cfg.Server, Token: token, Hear: p.hear, Engine: p.cfg.Engine, Client: p.cfg.Client, Logger: p.log,
		Changed: func() { p.nudge() },
	})
	if err != nil {
		return err
	}
	defer s.Close()
	p.log.Info("the room is guarded")
	return p.stand(ctx, s)
}

func (p *post) nudge() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// hear counts what one member sends.
func (p *post) hear(identity func() string) room.Hearer {
	who := ""
	return func(_ *rtp.Packet, arrived time.Time) {
		if who == "" {
			if who = identity(); who == "" {
				return
			}
		}
		if p.watch.sent(who, arrived) {
			select {
			case p.offenders <- who:
			default: // it sends on, and is told of again
			}
		}
	}
}

// stand minds the members of the room while the session stands.
func (p *post) stand(ctx context.Context, s *room.Session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		for who := range p.watching {
			p.unwatch(who)
		}
	}()
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	empty := 0
	for {
		members := s.Members()
		p.follow(ctx, members)
		p.enforce(ctx, members)
		select {
		case <-ctx.Done():
			return nil
		case <-s.Done():
			return s.Err()
		case <-p.changed:
		case r := <-p.rights:
			p.may[r.who] = r.may
		case who := <-p.offenders:
			p.mute(ctx, s.Members(), who)
		case <-check.C:
			if empty++; len(members) > 0 {
				empty = 0
			}
			if empty >= emptyFor {
				return errEmpty
			}
		}
	}
}

// follow follows the rights of who is there, and of nobody else.
func (p *post) follow(ctx context.Context, members []room.Member) {
	there := make(map[string]bool, len(members))
	for _, m := range members {
		there[m.Identity] = true
		if p.watching[m.Identity] == nil {
			p.watchRights(ctx, m.Identity)
		}
	}
	for who := range p.watching {
		if !there[who] {
			p.unwatch(who)
		}
	}
	p.watch.forget(there)
}

func (p *post) watchRights(ctx context.Context, who string) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := p.cfg.State.WatchRights(ctx, who, func(r redis.Rights) {
			if !r.Known {
				return // neither taken nor given
			}
			select {
			case p.rights <- rightsOf{who, r.MayTalk(p.name)}:
			case <-ctx.Done():
			}
		})
		if err != nil {
			p.log.Warn("talk rights are not followed", "user", who, "error", err)
		}
	}()
	p.watching[who] = func() { cancel(); <-done }
}

func (p *post) unwatch(who string) {
	p.watching[who]()
	delete(p.watching, who)
	delete(p.may, who)
}

// enforce gives every member the permission that its rights are worth.
func (p *post) enforce(ctx context.Context, members []room.Member) {
	for _, m := range members {
		may, known := p.may[m.Identity]
		if !known || may == m.CanPublish {
			continue
		}
		if err := p.permit(ctx, m.Identity, may); err != nil && ctx.Err() == nil {
			p.log.Warn("the permission to publish was not changed; tried again", "user", m.Identity, "may", may, "error", err)
		}
	}
}

// mute mutes what an offender publishes.
func (p *post) mute(ctx context.Context, members []room.Member, who string) {
	for _, m := range members {
		if m.Identity != who {
			continue
		}
		for _, track := range m.Tracks {
			if slices.Contains(m.Muted, track) {
				continue
			}
			ctx, cancel := context.WithTimeout(ctx, apiTime)
			err := p.api.Mute(ctx, p.name, who, track)
			cancel()
			if err != nil {
				p.log.Warn("a member that sends without the floor was not muted; tried again", "user", who, "error", err)
				continue
			}
			p.mutes.Add(1)
			p.log.Warn("muted: it sends without the floor", "user", who)
		}
	}
}
