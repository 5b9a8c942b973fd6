package redis

import (
	"context"
	"sync"
	"time"
)

// The port's figures: lease while talking, life of the lock.
const (
	testLease = time.Second
	testTTL   = 3 * time.Second
)

// talker is a port reduced to its right to talk: it presses, renews at a third
// of its lease, and shuts its gate when told to or when the lease runs out.
type talker struct {
	c             *Client
	channel, user string
	// forever takes the lease away, to show that it is what bounds silence.
	forever bool

	mu       sync.Mutex
	claim    Claim
	talking  bool
	deadline time.Time
	epoch    uint64
	why      string
	doubt    chan struct{}

	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newTalker(c *Client, channel, user string) *talker {
	return &talker{c: c, channel: channel, user: user, doubt: make(chan struct{}, 1)}
}

// start follows rights and floor until stop.
func (k *talker) start() {
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel = cancel
	k.done.Go(func() {
		k.c.WatchRights(ctx, k.user, func(r Rights) {
			if r.Known && !r.MayTalk(k.channel) {
				k.shut("rights")
			}
		})
	})
	k.done.Go(func() {
		k.c.WatchChannel(ctx, k.channel, func(v FloorView) {
			k.mu.Lock()
			doubt := k.talking && v.Known && (v.Holder == nil || v.Holder.Token != k.claim.Token)
			k.mu.Unlock()
			if doubt {
				select {
				case k.doubt <- struct{}{}:
				default:
				}
			}
		})
	})
	k.done.Go(func() { k.renew(ctx) })
}

func (k *talker) stop() {
	k.cancel()
	k.done.Wait()
}

// open says whether the gate is open now, and under which epoch.
func (k *talker) open() (bool, uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.talking && (k.forever || time.Now().Before(k.deadline)), k.epoch
}

func (k *talker) shut(why string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.talking {
		k.talking, k.why = false, why
	}
}

// press asks for the floor once.
func (k *talker) press(ctx context.Context) Decision {
	cl := NewClaim(k.channel, k.user, k.user, time.Now(), testTTL)
	ctx, cancel := context.WithTimeout(ctx, testLease)
	defer cancel()
	sent := time.Now()
	d, err := k.c.Acquire(ctx, cl)
	if err != nil {
		k.handBack(cl)
		return Decision{}
	}
	if d.Verdict == Granted {
		k.mu.Lock()
		k.claim, k.talking, k.deadline, k.epoch, k.why = cl, true, sent.Add(testLease), d.Epoch, ""
		k.mu.Unlock()
	}
	return d
}

// release ends the talk spurt and hands the lock back.
func (k *talker) release() {
	k.mu.Lock()
	cl := k.claim
	k.talking = false
	k.mu.Unlock()
	if cl.Token != "" {
		k.handBack(cl)
	}
}

func (k *talker) handBack(cl Claim) {
	ctx, cancel := context.WithTimeout(context.Background(), testLease)
	defer cancel()
	k.c.Release(ctx, cl)
}

func (k *talker) renew(ctx context.Context) {
	tick := time.NewTicker(testLease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-k.doubt:
		}
		k.mu.Lock()
		if k.talking && !k.forever && time.Now().After(k.deadline) {
			// What has run out stays out: only a press opens the gate again.
			k.talking, k.why = false, "lease"
		}
		cl, talking := k.claim, k.talking
		if !talking {
			k.claim = Claim{}
		}
		k.mu.Unlock()
		switch {
		case talking:
			k.renewOnce(ctx, cl)
		case cl.Token != "":
			k.handBack(cl)
		}
	}
}

func (k *talker) renewOnce(ctx context.Context, cl Claim) {
	ctx, cancel := context.WithTimeout(ctx, testLease)
	defer cancel()
	sent := time.Now()
	st, err := k.c.Renew(ctx, cl)
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.claim.Token != cl.Token:
	case st.State != Held:
		k.talking, k.why = false, st.State.String()
	case time.Now().After(k.deadline) && !k.forever:
		// What has run out stays out: only a press opens the gate again.
		k.talking, k.why = false, "lease"
	default:
		k.deadline = sent.Add(testLease)
	}
}
