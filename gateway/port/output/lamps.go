package output

import (
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// lampsCloseTime is how long Close waits for a panel that does not answer.
const lampsCloseTime = time.Second

// Lamps drives a panel on a goroutine of its own: to set a line is a system call, and one
// that hangs must not delay the port.
type Lamps struct {
	panel hal.Panel
	log   *slog.Logger
	next  chan hal.Lamps // the newest that was not shown
	quit  chan struct{}
	done  chan error
}

// NewLamps takes panel over.
func NewLamps(panel hal.Panel, log *slog.Logger) *Lamps {
	return &Lamps{panel: panel, log: log, next: make(chan hal.Lamps, 1), quit: make(chan struct{}), done: make(chan error, 1)}
}

// Show shows s soon. It never waits: of states that the panel is too slow for the newest
// is shown. One goroutine may call it.
func (l *Lamps) Show(s hal.Lamps) {
	select {
	case <-l.next: // overtaken
	default:
	}
	l.next <- s
}

// Close ends Run and closes the panel, which makes it dark. It waits for a bounded time; a
// panel that hangs is given up, and the log says so.
func (l *Lamps) Close() error {
	close(l.quit)
	timeout := time.NewTimer(lampsCloseTime)
	defer timeout.Stop()
	select {
	case err := <-l.done:
		return err
	case <-timeout.C:
		l.log.Error("the lamps do not answer and are given up: see their lines and their driver")
		return nil
	}
}

// Run drives the panel until Close.
func (l *Lamps) Run() {
	for {
		select {
		case <-l.quit:
			l.done <- l.panel.Close()
			return
		case s := <-l.next:
			if err := l.panel.Show(s); err != nil {
				l.log.Warn("lamps cannot be shown", "err", err)
			}
		}
	}
}
