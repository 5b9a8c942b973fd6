package console

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// leases are the guards' leases, as Redis has them.
type leases struct {
	rooms map[string]bool
	err   error
}

func (l *leases) ReadGuards(context.Context, ...string) (redis.Guards, error) {
	return redis.Guards{Alive: true, Rooms: l.rooms}, l.err
}

// TestAChannelWithoutAGuardIsShown: within 5 s, of which the lease is 3 s; not while a guard
// follows into a room that has just been joined, nor where nobody is.
func TestAChannelWithoutAGuardIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, used := &leases{rooms: map[string]bool{}}, map[string]struct{}{"gates": {}, "yard": {}}
		g := &Guards{state: l, inUse: func() map[string]struct{} { return used }, log: slog.New(slog.DiscardHandler)}
		go g.Run(t.Context())
		expect := func(when string, want bool) {
			t.Helper()
			synctest.Wait()
			if g.Lacks("gates") != want || g.Lacks("yard") || (g.Lacking() == 1) != want {
				t.Errorf("%s: gates %v, yard %v, %d in all", when, g.Lacks("gates"), g.Lacks("yard"), g.Lacking())
			}
		}
		synctest.Wait()
		expect("just joined", false)
		l.rooms = map[string]bool{"gates": true, "yard": true}
		time.Sleep(guardsEvery + time.Millisecond)
		expect("a guard followed", false)
		l.rooms = map[string]bool{"yard": true}
		time.Sleep(5*time.Second - redis.GuardLease)
		expect("its lease is over", true)
		l.err = errors.New("no answer")
		time.Sleep(time.Minute)
		expect("Redis does not answer", true)
		l.err, l.rooms = nil, map[string]bool{"gates": true, "yard": true}
		time.Sleep(guardsEvery)
		expect("a guard came back", false)
		l.rooms = map[string]bool{"yard": true}
		delete(used, "gates")
		time.Sleep(time.Minute)
		expect("nobody is in the room", false)
	})
}
