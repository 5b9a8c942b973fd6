package demo

import (
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// tick is how often an embedded Redis lets keys expire: a lock outlives its TTL
// by no more.
const tick = 50 * time.Millisecond

// embedded is a Redis in this process. Its time to live does not pass by itself,
// so a goroutine moves it on.
type embedded struct {
	server  *miniredis.Miniredis
	stop    chan struct{}
	stopped chan struct{}
}

func startEmbedded() (*embedded, error) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start the embedded redis: %w", err)
	}
	e := &embedded{server: server, stop: make(chan struct{}), stopped: make(chan struct{})}
	go e.age()
	return e, nil
}

func (e *embedded) age() {
	defer close(e.stopped)
	t := time.NewTicker(tick)
	defer t.Stop()
	for last := time.Now(); ; {
		select {
		case <-e.stop:
			return
		case <-t.C:
			now := time.Now()
			e.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (e *embedded) URL() string { return "redis://" + e.server.Addr() }

func (e *embedded) Close() error {
	close(e.stop)
	<-e.stopped
	e.server.Close()
	return nil
}
