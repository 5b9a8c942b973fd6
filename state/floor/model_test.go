package floor

import (
	"hash/maphash"
	"testing"
	"time"
)

// A model of two ports and one lock: commands reach Redis late or never,
// answers reach the port late or never, a port may stall, crash and start anew.
// All times are whole seconds.

type command struct {
	do     Do
	gen    uint32
	sentAt time.Duration
	ran    bool
	ok     bool
}

type side struct {
	f    Floor
	life uint32 // grows with every crash: tokens of an earlier life are not ours
	// flights are the commands under way, in order; more than fit are lost.
	flights [2]command
	n       int
}

func (s *side) send(c command, room int) {
	if s.n < room {
		s.flights[s.n] = c
		s.n++
	}
}

func (s *side) take(n int) command {
	c := s.flights[n]
	s.n--
	copy(s.flights[n:], s.flights[n+1:])
	s.flights[s.n] = command{}
	return c
}

type model struct {
	sides [2]side
	// The lock: whose, which life and generation, and when it expires.
	owner     int
	life, gen uint32
	expires   time.Duration
}

// limits keep the walk finite. One side is explored further than the other:
// what matters to one talking is what the other's commands do to the lock.
var limits = [2]struct {
	presses uint32
	flights int
}{{2, 2}, {1, 1}}

type modelTimes struct{ lease, ttl time.Duration }

// audible is what the TalkGate lets through: not what the machine believes, but
// the lease against the clock.
func (m model) audible(i int) bool {
	f := m.sides[i].f
	return f.MicOpen() && f.Lease > now
}

func (m model) step(i int, ev Event) model {
	var fx []Effect
	s := &m.sides[i]
	s.f, fx = Step(s.f, ev, nil)
	for _, e := range fx {
		if e.Do == Request || e.Do == Renew || e.Do == Yield {
			s.send(command{do: e.Do, gen: e.Gen, sentAt: now}, limits[i].flights)
		}
	}
	return m
}

// run executes command n of side i at Redis.
func (m model) run(i, n int, times modelTimes) model {
	s := &m.sides[i]
	c := &s.flights[n]
	c.ran = true
	mine := m.owner == i && m.life == s.life && m.gen == c.gen && m.expires > now
	switch c.do {
	case Request:
		if m.expires <= now {
			m.owner, m.life, m.gen, m.expires = i, s.life, c.gen, now+times.ttl
			c.ok = true
		}
	case Renew:
		if mine {
			m.expires = now + times.ttl
			c.ok = true
		}
	case Yield:
		if mine {
			m.expires = 0
		}
		s.take(n) // nobody waits for the answer
	}
	return m
}

// answer delivers the result of command n to side i, or its failure.
func (m model) answer(i, n int, lost bool, times modelTimes) model {
	c := m.sides[i].take(n)
	ev := Event{At: now, Gen: c.gen, Until: c.sentAt + times.lease}
	switch {
	case c.do == Yield, lost && c.do == Renew:
		return m
	case lost:
		ev.Kind = Failed
	case c.do == Request && c.ok:
		ev.Kind = Granted
	case c.do == Request:
		ev.Kind, ev.Why = Denied, Busy
	case c.ok:
		ev.Kind = Renewed
	default:
		ev.Kind, ev.Why = Lost, Revoked
	}
	return m.step(i, ev)
}

// successors lists every state that can come next.
func (m model) successors(times modelTimes) []model {
	var out []model
	add := func(m model) { out = append(out, m) }
	for i := range m.sides {
		for _, k := range []Kind{Press, Release, Tick, Drained} {
			add(m.step(i, Event{Kind: k, At: now, Gen: m.sides[i].f.Gen}))
		}
		for n, c := range m.sides[i].flights[:m.sides[i].n] {
			if !c.ran {
				add(m.run(i, n, times))
			}
			if c.ran {
				add(m.answer(i, n, false, times))
			}
			add(m.answer(i, n, true, times))
		}
	}
	// Side 0 is killed and started again; what it sent is still under way.
	crashed := m
	crashed.sides[0] = side{f: ready(), life: 1}
	add(crashed)
	// A second passes; nobody need notice.
	later := m
	for i := range later.sides {
		s := &later.sides[i]
		s.f = shift(s.f, -time.Second)
		for n := range s.flights[:s.n] {
			s.flights[n].sentAt = max(s.flights[n].sentAt-time.Second, now-times.lease)
		}
	}
	if later.expires != 0 {
		later.expires -= time.Second
	}
	add(later)
	return out
}

// canonical makes the state space finite without hiding anything that matters.
func (m model) canonical() (model, bool) {
	if m.expires <= now {
		m.owner, m.life, m.gen, m.expires = 0, 0, 0, 0
	}
	for i := range m.sides {
		s := &m.sides[i]
		if s.f.Gen > limits[i].presses {
			return m, false
		}
		for _, at := range []*time.Duration{&s.f.Lease, &s.f.RenewAt, &s.f.Deadline} {
			if *at != 0 && *at < now {
				*at = now - time.Second
			}
		}
	}
	return m, true
}

func ready() Floor {
	f := New(Rules{RequestTimeout: 2 * time.Second, RenewEvery: time.Second, DrainTimeout: time.Second})
	f, _ = Step(f, Event{Kind: RightsHeld}, nil)
	f, _ = Step(f, Event{Kind: LinkUp}, nil)
	return f
}

// explore walks the model and returns how many states it saw and how the two
// ports came to be heard at once, if they did.
func explore(times modelTimes) (states int, doubleTalk *model) {
	start := model{sides: [2]side{{f: ready()}, {f: ready()}}}
	// A state is remembered by 64 bits of its hash: that two of a million share
	// one, and hide a state, has odds of one in thirty million.
	seed := maphash.MakeSeed()
	seen := map[uint64]bool{maphash.Comparable(seed, start): true}
	for queue := []model{start}; len(queue) > 0; queue = queue[1:] {
		m := queue[0]
		if m.audible(0) && m.audible(1) {
			return len(seen), &m
		}
		for _, next := range m.successors(times) {
			next, ok := next.canonical()
			if !ok {
				continue
			}
			if key := maphash.Comparable(seed, next); !seen[key] {
				seen[key] = true
				queue = append(queue, next)
			}
		}
	}
	return len(seen), nil
}

// TestTwoPortsNeverBothTalk also shows that the model can tell: with a lease
// that outlives the lock, both are heard.
func TestTwoPortsNeverBothTalk(t *testing.T) {
	states, both := explore(modelTimes{lease: 2 * time.Second, ttl: 3 * time.Second})
	if both != nil {
		t.Errorf("both are heard in %+v", *both)
	}
	t.Logf("%d states", states)

	if _, both := explore(modelTimes{lease: 4 * time.Second, ttl: 3 * time.Second}); both == nil {
		t.Error("a lease longer than the lock's TTL went unnoticed: the model proves nothing")
	}
}
