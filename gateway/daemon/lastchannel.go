package daemon

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/talkgate/talkgate/gateway/port"
)

// lastChannel keeps the channel that was selected over a restart, in a file of
// $STATE_DIRECTORY; without one nothing is kept.
type lastChannel struct {
	path string // empty for none
	log  *slog.Logger
	was  string      // observe's
	news chan string // the newest
}

func newLastChannel(log *slog.Logger) *lastChannel {
	l := &lastChannel{log: log, news: make(chan string, 1)}
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		l.path = filepath.Join(dir, "channel")
	}
	return l
}

// read is the channel that was kept; empty for none.
func (l *lastChannel) read() string {
	text, err := os.ReadFile(l.path) // none is as good as one that cannot be read
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// Observe notes the channel of the port's status. It returns at once.
func (l *lastChannel) Observe(s port.Status) {
	if l.path == "" || s.Channel == "" || s.Channel == l.was {
		return
	}
	l.was = s.Channel
	select {
	case <-l.news:
	default:
	}
	l.news <- s.Channel
}

// Run writes until ctx ends.
func (l *lastChannel) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case channel := <-l.news:
			l.write(channel)
		}
	}
}

// write replaces the file: a power cut leaves the old one or the new one.
func (l *lastChannel) write(channel string) {
	err := os.WriteFile(l.path+".new", []byte(channel+"\n"), 0o600)
	if err == nil {
		err = os.Rename(l.path+".new", l.path)
	}
	if err != nil {
		l.log.Warn("the selected channel is not kept for the next start", "err", err)
	}
}
