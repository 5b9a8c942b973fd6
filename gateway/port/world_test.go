package port

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// world is all that surrounds a port, in a synctest bubble: time passes only
// when everybody waits, and in no time at all.
type world struct {
	t     *testing.T
	radio *sim.Radio
	redis *fakeRedis
	link  *fakeLink
	port  *Port
	key   media.KeyTiming
	stop  func() error // ends the port and returns what Run did
	// adapt, if not nil, changes what the port is made of.
	adapt func(*Options)
	// prepare, if not nil, is done to the port before it runs.
	prepare func(*Port)

	mu     sync.Mutex
	status Status
}

var testTiming = TalkTiming{
	Lease: time.Second, LockTTL: 3 * time.Second, MaxTalk: time.Minute, RequestTimeout: 500 * time.Millisecond,
}

var testKeying = media.KeyTiming{Lead: 150 * time.Millisecond, Tail: 50 * time.Millisecond, Limit: 5 * time.Second}

// inBubble runs body with a port that has rights and link and is idle. roundTrip
// is that of Redis.
func inBubble(t *testing.T, roundTrip time.Duration, body func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, roundTrip)
		w.start()
		body(w)
		if err := w.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if held := w.redis.held(); len(held) > 0 {
			t.Errorf("locks left behind: %v", held)
		}
	})
}

// newWorld is a world whose port has not been started.
func newWorld(t *testing.T, roundTrip time.Duration) *world {
	return &world{t: t, radio: sim.NewRadio("test", sim.Noise(1)), redis: newFakeRedis(roundTrip), link: &fakeLink{}, key: testKeying}
}

func (w *world) start() {
	opt := Options{
		UserID: "u1", UserName: "User One",
		Channels:  []Channel{{ID: "c1", Link: w.link}},
		Tuning:    Tuning{Talk: testTiming, Encoder: media.EncoderConfig{Complexity: 1}, Key: w.key},
		Role:      redis.RoleDispatch,
		Emergency: Emergency{Guard: 2 * time.Second},
		Hardware:  Hardware{PTT: w.radio.Button, Emergency: w.radio.Emergency, Mic: w.radio.Mic, Speaker: w.radio.Speaker, Lamps: w.radio.Panel, PTTOut: w.radio.PTTOut},
		Lock:      w.redis, Rights: w.redis, Floor: w.redis,
		Logger: slog.New(slog.DiscardHandler),
	}
	if w.adapt != nil {
		w.adapt(&opt)
	}
	port, err := New(opt)
	if err != nil {
		w.t.Fatal(err)
	}
	w.port = port
	if w.prepare != nil {
		w.prepare(port)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- port.Run(ctx) }()
	go func() {
		for s := range port.Changes() {
			w.mu.Lock()
			w.status = s
			w.mu.Unlock()
		}
	}()
	w.stop = sync.OnceValue(func() error { cancel(); return <-done })
	w.pass(100 * time.Millisecond)
}

// pass lets time go by and everybody come to rest.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) press() time.Time   { return w.radio.Button.Set(true) }
func (w *world) release() time.Time { return w.radio.Button.Set(false) }

func (w *world) now() Status {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

func (w *world) expect(phase floor.Phase, why floor.Reason) {
	w.t.Helper()
	if s := w.now(); s.Floor.Phase != phase || s.Floor.Why != why {
		w.t.Fatalf("phase is %v (%v), want %v (%v)", s.Floor.Phase, s.Floor.Why, phase, why)
	}
}

// frame is one Opus frame as the link got it.
type frame struct {
	at        time.Time
	timestamp uint32
	first     bool
	opus      []byte
}

// fakeLink is up, and keeps what it is given.
type fakeLink struct {
	mu     sync.Mutex
	events LinkEvents
	frames []frame
	// forward, if set, is given the frames instead.
	forward func(frame)
}

func (l *fakeLink) Run(ctx context.Context, ev LinkEvents) error {
	l.mu.Lock()
	l.events = ev
	l.mu.Unlock()
	ev.LinkUp()
	<-ctx.Done()
	return nil
}

func (l *fakeLink) WriteOpus(opus []byte, timestamp uint32, first bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := frame{time.Now(), timestamp, first, slices.Clone(opus)}
	if l.forward != nil {
		l.forward(f)
		return nil
	}
	l.frames = append(l.frames, f)
	return nil
}

// take returns the frames so far and forgets them.
func (l *fakeLink) take() []frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	frames := l.frames
	l.frames = nil
	return frames
}

// fakeRedis is one lock, and rights that are held, at the end of a line that
// takes half of roundTrip each way.
type fakeRedis struct {
	mu        sync.Mutex
	roundTrip time.Duration
	lost      bool // nothing comes back any more
	allowed   bool
	claim     *redis.Claim // who holds the lock
	expires   time.Time
	epoch     uint64
	requests  int
	ahead     int           // in the queue, besides the holder
	spent     time.Duration // until the user's talk budget is free again
	left      []string      // tokens of those that were released or gave up their place
	rights    func(redis.Rights)
	view      func(redis.FloorView)
}

func newFakeRedis(roundTrip time.Duration) *fakeRedis {
	return &fakeRedis{roundTrip: roundTrip, allowed: true}
}

var errFake = errors.New("i/o timeout")

// call does what at the far end of the line.
func (r *fakeRedis) call(ctx context.Context, what func()) error {
	wait := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return errFake
		}
	}
	if err := wait(r.roundTrip / 2); err != nil {
		return err
	}
	r.mu.Lock()
	if r.claim != nil && !time.Now().Before(r.expires) {
		r.claim = nil
	}
	lost := r.lost
	if !lost {
		what()
	}
	r.mu.Unlock()
	if lost {
		<-ctx.Done()
		return errFake
	}
	return wait(r.roundTrip / 2)
}

func (r *fakeRedis) Acquire(ctx context.Context, cl redis.Claim) (d redis.Decision, err error) {
	err = r.call(ctx, func() {
		r.requests++
		switch {
		case !r.allowed:
			d.Verdict = redis.NoRights
		case cl.Emergency && (r.claim == nil || !r.claim.Emergency):
			r.epoch++
			d.Verdict, d.Epoch = redis.Granted, r.epoch
			r.claim, r.expires = &cl, time.Now().Add(cl.TTL)
		case r.spent > 0 && cl.Budget.Limit > 0:
			d.Verdict, d.Wait = redis.Spent, r.spent
		case cl.Wait > 0 && (r.claim != nil || r.ahead > 0):
			d.Verdict, d.Place = redis.Queued, r.ahead+1
			if r.claim != nil {
				d.Holder = holderOf(r.claim)
			}
		case r.claim != nil:
			d.Verdict, d.Holder = redis.Busy, holderOf(r.claim)
		default:
			r.epoch++
			d.Verdict, d.Epoch = redis.Granted, r.epoch
			r.claim, r.expires = &cl, time.Now().Add(cl.TTL)
		}
	})
	return d, err
}

func (r *fakeRedis) Renew(ctx context.Context, cl redis.Claim) (s redis.Renewal, err error) {
	err = r.call(ctx, func() {
		switch {
		case r.claim == nil || r.claim.Token != cl.Token:
			s.State = redis.Lost
			if r.claim != nil {
				h := holderOf(r.claim)
				s.Holder = &h
			}
		case !r.allowed:
			s.State = redis.Revoked
		case r.spent > 0:
			s.State, s.Wait = redis.OverBudget, r.spent
		default:
			s.State = redis.Held
			r.expires = time.Now().Add(cl.TTL)
		}
	})
	return s, err
}

func (r *fakeRedis) Release(ctx context.Context, cl redis.Claim) (ok bool, err error) {
	err = r.call(ctx, func() {
		r.left = append(r.left, cl.Token)
		if ok = r.claim != nil && r.claim.Token == cl.Token; ok {
			r.claim = nil
		}
	})
	return ok, err
}

func (r *fakeRedis) WatchRights(ctx context.Context, _ string, fn func(redis.Rights)) error {
	r.mu.Lock()
	r.rights = fn
	r.mu.Unlock()
	fn(redis.Rights{Known: true, Channels: []string{"c1"}})
	<-ctx.Done()
	return nil
}

func (r *fakeRedis) WatchChannel(ctx context.Context, _ string, fn func(redis.FloorView)) error {
	r.mu.Lock()
	r.view = fn
	r.mu.Unlock()
	fn(redis.FloorView{Known: true})
	<-ctx.Done()
	return nil
}

func holderOf(cl *redis.Claim) redis.Holder {
	h := redis.Holder{UserID: cl.UserID, UserName: cl.UserName, Token: cl.Token, Since: cl.At}
	if cl.Emergency {
		h.Emergency = cl.Channel
	}
	return h
}

// hold puts another member's lock in place, or takes it away.
func (r *fakeRedis) hold(cl *redis.Claim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claim, r.expires = cl, time.Now().Add(time.Hour)
}

// held lists who holds the lock.
func (r *fakeRedis) held() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.claim == nil || !time.Now().Before(r.expires) || r.claim.UserID != "u1" {
		return nil
	}
	return []string{r.claim.Token}
}

// allow gives or takes the right to talk; push says whether it is published.
func (r *fakeRedis) allow(allowed, push bool) {
	r.mu.Lock()
	r.allowed = allowed
	fn := r.rights
	r.mu.Unlock()
	if push {
		rights := redis.Rights{Known: true}
		if allowed {
			rights.Channels = []string{"c1"}
		}
		fn(rights)
	}
}

func (r *fakeRedis) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// Quality implements Link.
func (*fakeLink) Quality() LinkQuality { return LinkQuality{} }

// busy is an event that keeps the actor busy until it is closed.
type busy chan struct{}

func (b busy) apply(*actor) { <-b }
