package voiceping

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// page is a log to read.
type page struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) says(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(p.text.String(), what)
}

// TestADispatchPortIsHeardFromItsFirstWord: its press names its producer to those
// who never heard it, which priority-ptt-start would not.
func TestADispatchPortIsHeardFromItsFirstWord(t *testing.T) {
	s := newSite(t)
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	d.talk()
	until(t, "u1 hears d1", func() bool { return a.port.HeardStats().Received > 10 })
	d.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	if n := s.server.Frames(wire.PTTStart); n != 1 {
		t.Errorf("%d ptt-start for one press", n)
	}
}

// TestAPriorityCallIsHeard has a dispatcher talk with priority, which announces
// no producer, after it was heard of once.
func TestAPriorityCallIsHeard(t *testing.T) {
	s := newSite(t)
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	d.talk()
	d.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	until(t, "the producer is consumed, beside one's own", func() bool { return s.server.Frames(wire.Consume) == 3 })
	before := a.port.HeardStats().Received
	speakWithPriority(t, d)
	until(t, "u1 hears d1", func() bool { return a.port.HeardStats().Received > before+10 })
	if n := s.server.Frames(wire.Consume); n != 3 {
		t.Errorf("%d consumers, want 3: nothing more for what was known", n)
	}
}

// speakWithPriority talks as a browser's dispatcher does, past the port.
func speakWithPriority(t *testing.T, d *radio) {
	t.Helper()
	session := d.link.session.Load()
	if err := session.conn.ask(t.Context(), wire.PriorityPTTStart, wire.OfChannel{ChannelID: "c1"}, nil); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(50) {
		if err := session.voice.WriteOpus([]byte{0xF8, 0xFF, 0xFE}, i*960, i == 0); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAStrangersPriorityCallIsToldOf: nothing the server says names the producer
// of a dispatcher who uses priority only; the log says who is not heard.
func TestAStrangersPriorityCallIsToldOf(t *testing.T) {
	s := newSite(t)
	var log page
	a := s.tuned("u1", redis.RoleGeneral, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	a.await("is on air", up)
	d := s.radio("d1", redis.RoleDispatch)
	speakWithPriority(t, d)
	until(t, "the log tells of it", func() bool { return log.says("cannot be heard") && log.says("user=d1") })
	if n := a.port.HeardStats().Received; n != 0 {
		t.Errorf("%d packets of a stream that nobody named", n)
	}
}

func TestADispatcherPreemptsWhereTheServerCannot(t *testing.T) {
	s := newSite(t)
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	a.talk()
	d.talk()
	if st := a.phase(floor.Refused); st.Floor.Why != floor.Preempted && st.Floor.Why != floor.Revoked {
		t.Errorf("refused for %v", st.Floor.Why)
	}
	a.silent()
	if !strings.Contains(s.lock(), `"userId":"d1"`) || !strings.Contains(s.lock(), `"token"`) {
		t.Errorf("lock: %s", s.lock())
	}
	if stops := s.server.Frames(wire.PTTStop); stops != 0 {
		t.Errorf("%d ptt-stop of the pre-empted", stops)
	}
	if n := s.server.Frames(wire.PriorityPTTStart); n != 1 {
		t.Errorf("%d priority-ptt-start: the server was not asked to pre-empt", n)
	}
}

// TestThePreemptedStopsWithinAFrame counts what a talker still sends once the lock
// is another's. A busy machine may be late now and then.
func TestThePreemptedStopsWithinAFrame(t *testing.T) {
	s := newSite(t)
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	var more []int
	for range 5 {
		a.talk()
		d.press()
		until(t, "the lock changes hands", func() bool { return strings.Contains(s.lock(), `"userId":"d1"`) })
		n := s.server.Stream("u1", "c1").Received
		a.phase(floor.Refused)
		d.phase(floor.Talking)
		a.silent()
		more = append(more, s.server.Stream("u1", "c1").Received-n)
		a.release()
		d.release()
		a.phase(floor.Idle)
		d.phase(floor.Idle)
		until(t, "the floor is free", func() bool { return s.lock() == "" })
	}
	slices.Sort(more)
	if more[len(more)/2] > 1 {
		t.Errorf("frames after the lock changed hands: %v", more)
	}
}

// TestAPriorityCallThatTheServerForgets has another take the floor between the
// server's look at it and its try for it, which it answers to nobody.
func TestAPriorityCallThatTheServerForgets(t *testing.T) {
	s := newSite(t)
	d := s.radio("d1", redis.RoleDispatch)
	const other = `{"userId":"u2","userName":"Name u2","timestamp":1}`
	s.rdb.Set(t.Context(), "channel:c1:speaker", other, 0)
	s.server.Between(func(step string) {
		switch step {
		case "priority:look":
			s.rdb.Del(t.Context(), "channel:c1:speaker")
		case "priority:idle":
			s.rdb.Set(t.Context(), "channel:c1:speaker", other, 0)
		}
	})
	d.press()
	if st := d.phase(floor.Refused); st.Floor.Why != floor.NoAnswer {
		t.Errorf("refused for %v", st.Floor.Why)
	}
	d.silent()
	if s.lock() != other {
		t.Errorf("the other's lock is %q", s.lock())
	}
}
