package conn

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// watchdog closes a subscription's connection when nothing comes back on it,
// not even the answer to a ping. Closing is what ends the pending Receive.
type watchdog struct {
	conn   pubsub
	last   atomic.Pointer[time.Time]
	closed atomic.Bool
	done   sync.WaitGroup
}

func (w *watchdog) heard() {
	now := time.Now()
	w.last.Store(&now)
}

// expired reports whether the connection was closed for its silence.
func (w *watchdog) expired() bool { return w.closed.Load() }

func (w *watchdog) wait() { w.done.Wait() }

func (w *watchdog) start(ctx context.Context) {
	w.done.Go(func() {
		tick := time.NewTicker(pingEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				w.conn.Close()
				return
			case <-tick.C:
			}
			if time.Since(*w.last.Load()) > silentAfter || w.conn.Ping(withoutDial(ctx)) != nil {
				w.closed.Store(true)
				w.conn.Close()
				return
			}
		}
	})
}
