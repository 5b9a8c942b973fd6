package port_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// site is a Redis on which everybody may talk, and a link that is up.
type site struct{}

func (site) Acquire(context.Context, redis.Claim) (redis.Decision, error) {
	return redis.Decision{Verdict: redis.Granted, Epoch: 1}, nil
}

func (site) Renew(context.Context, redis.Claim) (redis.Renewal, error) {
	return redis.Renewal{State: redis.Held}, nil
}

func (site) Release(context.Context, redis.Claim) (bool, error) { return true, nil }

func (site) WatchRights(ctx context.Context, _ string, fn func(redis.Rights)) error {
	fn(redis.Rights{Known: true, Channels: []string{"gates"}})
	<-ctx.Done()
	return nil
}

func (site) WatchChannel(ctx context.Context, _ string, fn func(redis.FloorView)) error {
	fn(redis.FloorView{Known: true})
	<-ctx.Done()
	return nil
}

func (site) Run(ctx context.Context, events port.LinkEvents) error {
	events.LinkUp()
	<-ctx.Done()
	return nil
}

func (site) WriteOpus([]byte, uint32, bool) error { return nil }
func (site) Quality() port.LinkQuality            { return port.LinkQuality{} }

// A port with a virtual radio is pressed once it is on air, and let go. What it does is one
// stream of changes.
func Example() {
	radio := sim.NewRadio("virtual", sim.Silence())
	p, err := port.New(port.Options{
		UserID: "u1", UserName: "User One",
		Channels: []port.Channel{{ID: "gates", Link: site{}}},
		Tuning: port.Tuning{Talk: port.TalkTiming{
			Lease: 30 * time.Second, LockTTL: 90 * time.Second, RequestTimeout: 10 * time.Second,
		}},
		Hardware: port.Hardware{PTT: radio.Button, Mic: radio.Mic, Speaker: radio.Speaker},
		Lock:     site{}, Rights: site{}, Floor: site{},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var was port.Status
	for s := range p.Changes() {
		if s.Lamps.Link && !was.Lamps.Link {
			radio.Button.Set(true)
		}
		if s.Floor.Phase != was.Floor.Phase && ctx.Err() == nil {
			fmt.Println(s.Floor.Phase)
			switch s.Floor.Phase {
			case floor.Talking:
				radio.Button.Set(false)
			case floor.Idle:
				stop()
			}
		}
		was = s
	}
	fmt.Println("ended:", <-ended)
	// Output:
	// Requesting
	// Talking
	// Draining
	// Idle
	// ended: <nil>
}
