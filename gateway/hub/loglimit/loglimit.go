// Package loglimit bounds how much is logged of one thing.
package loglimit

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// Burst lines of one text are logged at once, and PerSecond of them in the long
	// run: what a peer does must not fill the log.
	Burst, PerSecond = 100, 10
	// maxTexts bounds the texts that are counted apart; texts are constants.
	maxTexts = 256
)

// New is a logger that drops lines of which there are too many. The next one
// that is logged says how many were dropped before it.
func New(log *slog.Logger) *slog.Logger {
	return slog.New(&handler{Handler: log.Handler(), counts: &counts{of: map[string]*count{}}})
}

type handler struct {
	slog.Handler
	counts *counts
}

type counts struct {
	mu sync.Mutex
	of map[string]*count
}

type count struct {
	left    float64
	at      time.Time
	dropped int
}

// Handle logs a record unless its text was logged too often.
func (l *handler) Handle(ctx context.Context, r slog.Record) error {
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
func (l *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{l.Handler.WithAttrs(attrs), l.counts}
}

// WithGroup is like WithAttrs.
func (l *handler) WithGroup(name string) slog.Handler {
	return &handler{l.Handler.WithGroup(name), l.counts}
}

func (c *counts) admit(text string, now time.Time) (dropped int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.of[text]
	if n == nil {
		if len(c.of) >= maxTexts {
			clear(c.of)
		}
		n = &count{left: Burst, at: now}
		c.of[text] = n
	}
	n.left = min(Burst, n.left+now.Sub(n.at).Seconds()*PerSecond)
	n.at = now
	if n.left < 1 {
		n.dropped++
		return 0, false
	}
	n.left--
	dropped, n.dropped = n.dropped, 0
	return dropped, true
}
