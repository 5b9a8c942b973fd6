package channel

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// lockStub answers renewals as a test wants.
type lockStub struct {
	renew    func() (redis.Renewal, error)
	renewed  []time.Time
	released int
}

func (l *lockStub) Renew(context.Context, redis.Claim) (redis.Renewal, error) {
	l.renewed = append(l.renewed, time.Now())
	return l.renew()
}

func (l *lockStub) Release(ctx context.Context, _ redis.Claim) (bool, error) {
	l.released++
	return true, ctx.Err()
}

func TestKeeper(t *testing.T) {
	held := func() (redis.Renewal, error) { return redis.Renewal{State: redis.Held}, nil }
	state := func(s redis.State) func() (redis.Renewal, error) {
		return func() (redis.Renewal, error) { return redis.Renewal{State: s}, nil }
	}
	for _, tc := range []struct {
		name  string
		renew func() (redis.Renewal, error)
		quiet bool
		want  Reason
		after time.Duration // at most
	}{
		{"stopped", held, false, ReasonReleased, 10 * time.Second},
		{"talks for ever", held, false, ReasonTimedOut, time.Minute},
		{"silent", held, true, ReasonSilent, maxSilence + time.Second/3},
		{"lost", state(redis.Lost), false, ReasonLost, time.Second / 3},
		{"revoked", state(redis.Revoked), false, ReasonRevoked, time.Second / 3},
		{"banned", state(redis.RevokedByBan), false, ReasonBanned, time.Second / 3},
		{"Redis gone", func() (redis.Renewal, error) { return redis.Renewal{}, errors.New("gone") }, false, ReasonRedis, time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lock := &lockStub{renew: tc.renew}
				began := time.Now()
				heard := func() time.Time {
					if tc.quiet {
						return began
					}
					return time.Now()
				}
				k := newLockHolder(t.Context(), lock, redis.Claim{}, 1, time.Second, time.Minute, heard)
				if tc.want == ReasonReleased {
					time.AfterFunc(10*time.Second, func() { k.stop(ReasonReleased) })
				}
				if got := k.Run(began); got != tc.want {
					t.Errorf("ended because %q, want %q", got, tc.want)
				}
				if took := time.Since(began); took > tc.after {
					t.Errorf("ended after %v, want within %v", took, tc.after)
				}
				if lock.released != 1 {
					t.Errorf("released %d times", lock.released)
				}
				last := began
				for _, at := range lock.renewed {
					if at.Sub(last) > time.Second/3 {
						t.Errorf("renewed after %v", at.Sub(last))
					}
					last = at
				}
			})
		})
	}
}
