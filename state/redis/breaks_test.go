package redis

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errRefused = errors.New("refused")

// wire is the network between one client and Redis, which breaks for good after
// a number of steps: reads and writes of any connection, each counted before and
// after it is done.
type wire struct {
	mu        sync.Mutex
	steps     int
	breakAt   int // never when negative
	blackhole bool
	broken    bool
	conns     []net.Conn
}

// step counts, and says whether the wire is broken.
func (w *wire) step() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.steps == w.breakAt {
		w.broken = true
		if !w.blackhole {
			for _, c := range w.conns {
				c.Close()
			}
		}
	}
	w.steps++
	return w.broken
}

func (w *wire) isBroken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

func (w *wire) wrap(c net.Conn) (net.Conn, error) {
	if w.isBroken() && !w.blackhole {
		c.Close()
		return nil, errRefused
	}
	w.mu.Lock()
	w.conns = append(w.conns, c)
	w.mu.Unlock()
	return &wireConn{Conn: c, wire: w}, nil
}

type wireConn struct {
	net.Conn
	wire *wire
}

// Read loses what arrives over a blackholed wire, and waits on.
func (c *wireConn) Read(b []byte) (int, error) {
	for {
		c.wire.step()
		n, err := c.Conn.Read(b)
		if broken := c.wire.step(); !broken || err != nil {
			return n, err
		}
		if !c.wire.blackhole {
			return 0, io.ErrUnexpectedEOF
		}
	}
}

// Write takes what a blackholed wire swallows.
func (c *wireConn) Write(b []byte) (int, error) {
	if c.wire.step() {
		if c.wire.blackhole {
			return len(b), nil
		}
		return 0, io.ErrClosedPipe
	}
	n, err := c.Conn.Write(b)
	c.wire.step()
	return n, err
}

// revocations are all ways to lose the right to talk, each with the news of it
// and without.
func revocations() map[string]func(b *bubble) {
	news := func(b *bubble) {
		b.redis.Publish(MembershipUpdates, `{"eventId":"e1","userId":"u1","channelIds":[],"action":"set_user_channels"}`)
	}
	idle := func(b *bubble) {
		b.redis.Publish(keyEvents("m1"), `{"channelId":"m1","currentSpeaker":null,"speakerName":null,"isBusy":false,"lockTimestamp":null}`)
	}
	return map[string]func(b *bubble){
		"rights":          func(b *bubble) { b.redis.Del(keyRights("u1")); news(b) },
		"rights, untold":  func(b *bubble) { b.redis.Del(keyRights("u1")) },
		"ban, untold":     func(b *bubble) { b.redis.ZAdd(keyBanned, banForEver, "u1") },
		"pause":           func(b *bubble) { b.redis.Del(keyLock("m1")); idle(b) },
		"everything gone": func(b *bubble) { b.redis.FlushAll() },
	}
}

// spurt plays a talk spurt whose right is revoked after a second while the wire
// breaks at one step, and returns how long the gate stayed open after the
// revocation, whether it opened again, and how many steps there were in all.
func spurt(t *testing.T, w *wire, revoke func(b *bubble), forever bool) (late time.Duration, again bool) {
	inBubble(t, func(b *bubble) {
		b.wrap = w.wrap
		c, end := b.open()
		defer end()
		b.redis.SetAdd(keyRights("u1"), "m1")
		k := newTalker(c, "m1", "u1")
		k.forever = forever
		k.start()
		defer k.stop()
		time.Sleep(100 * time.Millisecond)
		k.press(context.Background())
		time.Sleep(time.Second)
		synctest.Wait()
		revoke(b)
		revoked := time.Now()
		const tick = 10 * time.Millisecond
		for shut := false; time.Since(revoked) < 4*time.Second; time.Sleep(tick) {
			synctest.Wait()
			switch open, _ := k.open(); {
			case open && shut:
				again = true
			case open:
				late = time.Since(revoked)
			default:
				shut = true
			}
		}
	})
	return late, again
}

// Wherever the connection breaks, closed or blackholed, a lost right is silence
// within the lease.
func TestNoRevocationIsMissedLongerThanTheLease(t *testing.T) {
	t.Parallel()
	for name, revoke := range revocations() {
		whole := &wire{breakAt: -1}
		late, again := spurt(t, whole, revoke, false)
		if again || late >= testLease/3 {
			t.Errorf("%s, nothing broken: open for %v after it, again %v", name, late, again)
		}
		for _, blackhole := range []bool{false, true} {
			for at := range whole.steps {
				late, again := spurt(t, &wire{breakAt: at, blackhole: blackhole}, revoke, false)
				if again || late >= testLease {
					t.Errorf("%s, broken at step %d of %d (blackhole: %v): open for %v after it, again %v", name, at, whole.steps, blackhole, late, again)
				}
			}
		}
	}
}

// Without the lease the same breaks leave the gate open: the test above can see.
func TestWithoutTheLeaseRevocationsAreMissed(t *testing.T) {
	t.Parallel()
	revoke := revocations()["rights"]
	whole := &wire{breakAt: -1}
	spurt(t, whole, revoke, true)
	missed := 0
	for at := range whole.steps {
		if late, _ := spurt(t, &wire{breakAt: at, blackhole: true}, revoke, true); late >= testLease {
			missed++
		}
	}
	if missed == 0 {
		t.Errorf("no break of %d made a talker without a lease miss its revocation", whole.steps)
	}
}
