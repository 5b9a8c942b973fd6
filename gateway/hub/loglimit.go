package hub

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// logBurst lines of one text are logged at once, and logPerSecond of them in the
	// long run: what a member does must not fill the log.
	logBurst, logPerSecond = 100, 10
	// maxLogTexts bounds the texts that are counted apart; texts are constants.
	maxLogTexts = 256
)

// limitLog is a logger that drops lines of which there are too many. The next one
// that is logged says how many were dropped before it.
func limitLog(log *slog.Logger) *slog.Logger {
	return slog.New(&limitHandler{Handler: log.Handler(), counts: &logCounts{of: map[string]*logCount{}}})
}

type limitHandler struct {
	slog.Handler
	counts *logCounts
}

type logCounts struct {
	mu sync.Mutex
	of map[string]*logCount
}

type logCount struct {
	left    float64
	at      time.Time
	dropped int
}

// Handle logs a record unless its text was logged too often.
func (l *limitHandler) Handle(ctx context.Context, r slog.Record) error {
	dropped, ok := l.counts.admit(r.Message, r.Time)
	if !ok {
		return nil
	}
	if dropped > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("dropped", dropped))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs keeps one count for all loggers made of one.
func (l *limitHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limitHandler{l.Handler.WithAttrs(attrs), l.counts}
}

// WithGroup is like WithAttrs.
func (l *limitHandler) WithGroup(name string) slog.Handler {
	return &limitHandler{l.Handler.WithGroup(name), l.counts}
}

func (c *logCounts) admit(text string, now time.Time) (dropped int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.of[text]
	if n == nil {
		if len(c.of) >= maxLogTexts {
			clear(c.of)
		}
		n = &logCount{left: logBurst, at: now}
		c.of[text] = n
	}
	n.left = min(logBurst, n.left+now.Sub(n.at).Seconds()*logPerSecond)
	n.at = now
	if n.left < 1 {
		n.dropped++
		return 0, false
	}
	n.left--
	dropped, n.dropped = n.dropped, 0
	return dropped, true
}
