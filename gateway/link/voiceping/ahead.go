package voiceping

import (
	"context"
	"sync"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

const (
	// probeEvery is how often silence is sent, at first, to learn whether the
	// server forwards it. Later probes come ever more rarely.
	probeEvery = 5 * time.Millisecond
	// echoEvery is how often the link checks whether a probe came back.
	echoEvery = time.Millisecond
)

// The server takes the lock, resumes the producer and only then replies. On a
// channel of 51 members the reply queues behind 2,700 copies of speaker-changed,
// while the lock shows in Redis at once and the port's own voice comes back as
// soon as it is forwarded.

// ahead detects a grant before the server's reply arrives.
type ahead struct {
	granted chan struct{} // closed when the server forwards what is said
	stop    func()        // returns when nothing more is sent
}

// watchGrant waits for the claim's lock in Redis and then for the port's own voice
// to come back. Until then it sends silence.
func (l *Link) watchGrant(ctx context.Context, s *session, cl redis.Claim) ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := ahead{granted: make(chan struct{})}
	hears := s.receiver(cl.Channel)
	if hears == nil || !hears.HasOwn() || l.locks.own(cl) {
		// The port does not hear itself, or an old lock would pass for the new one.
		a.stop = cancel
		return a
	}
	var work sync.WaitGroup
	work.Go(func() {
		if !l.locks.await(ctx, cl) {
			return
		}
		tick := time.NewTicker(echoEvery)
		defer tick.Stop()
		began, next, before := time.Now(), probeEvery, uint64(0)
		for probed := false; ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			echoes, since := hears.Echoes(), time.Since(began)
			switch {
			case probed && echoes != before:
				close(a.granted)
				return
			case since < next:
				continue
			case !probed:
				probed, before = true, echoes
			}
			if s.probe() != nil {
				return
			}
			next = since + max(probeEvery, since/10)
		}
	})
	a.stop = func() { cancel(); work.Wait() }
	return a
}

// locks is the latest view of the channel's lock.
type locks struct {
	mu      sync.Mutex
	holder  *redis.Holder
	changed chan struct{} // closed at the next view
}

// onHolder applies a view of the lock.
func (k *locks) onHolder(holder *redis.Holder) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.holder = holder
	if k.changed != nil {
		close(k.changed)
		k.changed = nil
	}
}

func (k *locks) own(cl redis.Claim) bool {
	own, _ := k.current(cl)
	return own
}

// current reports whether the server wrote the lock for the claim's user. changed
// is closed at the next view.
func (k *locks) current(cl redis.Claim) (own bool, changed <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changed == nil {
		k.changed = make(chan struct{})
	}
	return k.holder != nil && k.holder.UserID == cl.UserID && k.holder.Token == "", k.changed
}

// await waits for a lock of the claim's user. It reports whether it came before ctx ended.
func (k *locks) await(ctx context.Context, cl redis.Claim) bool {
	for {
		own, changed := k.current(cl)
		if own {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
