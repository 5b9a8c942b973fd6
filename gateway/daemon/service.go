package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// lookPeriod is how often a service looks after itself where no watchdog asks
// for it.
const lookPeriod = 5 * time.Second

// service notifies the service manager of the health of this process (sd_notify(3)),
// and obeys its orders.
type service struct {
	notify   func(state string)
	watchdog time.Duration // how long the manager waits for a sign of life; 0 is for ever
	hangups  <-chan os.Signal
	log      *slog.Logger

	ready bool   // READY=1 was said
	said  string // last STATUS
}

// subject is whose health is watched.
type subject interface {
	// Summary says whether it does what it is for, and how it is in a few
	// words.
	Summary() (onAir bool, words string)
	// Stalled names what has not moved since Stalled was last empty.
	Stalled() []string
	// Changed is signaled when Summary may say something else.
	Changed() <-chan struct{}
}

// newService is for the manager that $NOTIFY_SOCKET names. From then on SIGHUP means to
// reload, and does not end the process any more. Without a manager nobody is notified,
// and SIGHUP ends the process.
func newService(log *slog.Logger) (*service, error) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return &service{log: log, notify: func(string) {}}, nil
	}
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return &service{watchdog: watchdog, hangups: hangups, log: log, notify: func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			log.Warn("the service manager was not told", "err", err)
		}
	}}, nil
}

// Run notifies the manager of p's health until ctx ends. reload reads the configuration
// again.
func (s *service) Run(ctx context.Context, p subject, reload func()) {
	period := lookPeriod
	if s.watchdog > 0 {
		period = s.watchdog / 4
	}
	look := time.NewTicker(period)
	defer look.Stop()
	s.feed(p)
	for {
		s.report(p)
		select {
		case <-ctx.Done():
			s.notify("STOPPING=1")
			return
		case <-look.C:
			s.feed(p)
		case <-p.Changed():
		case <-s.hangups:
			s.reload(reload)
		}
	}
}

// wait says that the service waits for something, until ctx ends. There is nothing
// to look after yet.
func (s *service) wait(ctx context.Context, words string) {
	again := time.NewTicker(lookPeriod)
	defer again.Stop()
	for s.notify("STATUS=" + words); ; {
		if s.watchdog > 0 {
			s.notify(fmt.Sprint("EXTEND_TIMEOUT_USEC=", max(s.watchdog, 4*lookPeriod).Microseconds()))
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// report sends STATUS= to the service manager when it has changed, and READY=1 once.
func (s *service) report(p subject) {
	onAir, words := p.Summary()
	if words != s.said {
		s.said = words
		s.notify("STATUS=" + words)
	}
	if onAir && !s.ready {
		s.ready = true
		s.notify("READY=1")
	}
}

// feed gives a sign of life, if everything lives. While the service starts, for
// which the manager has no watchdog, it asks for as much time again instead: a
// service may wait for its network without end, but not hang.
func (s *service) feed(p subject) {
	if stalled := p.Stalled(); len(stalled) > 0 {
		s.log.Warn("no sign of life for the watchdog", "stalled", stalled)
		return
	}
	switch {
	case s.watchdog == 0:
	case s.ready:
		s.notify(daemon.SdNotifyWatchdog)
	default:
		s.notify(fmt.Sprint("EXTEND_TIMEOUT_USEC=", s.watchdog.Microseconds()))
	}
}

func (s *service) reload(reload func()) {
	if s.ready {
		s.notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
		defer s.notify(daemon.SdNotifyReady)
	}
	reload()
}

// runNotified runs what is to be run, and notifies the service manager of its health
// meanwhile.
func runNotified(ctx context.Context, health subject, reload func(), log *slog.Logger, run func(context.Context) error) error {
	manager, err := newService(log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { manager.Run(ctx, health, reload) })
	err = run(ctx)
	cancel()
	beside.Wait()
	return err
}
