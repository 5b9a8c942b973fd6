package logging

import (
	"context"
	"io"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/redact"
)

// journalHandler writes lines for systemd's journal: without the time, which
// the journal has itself, and with the level as the prefix of sd-daemon(3), by
// which the journal filters and colours.
type journalHandler struct {
	debug, info, warn, error slog.Handler
}

func newJournalHandler(w io.Writer, level slog.Leveler) journalHandler {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTimeAndLevel}
	text := func(prefix string) slog.Handler {
		return slog.NewTextHandler(prefixed{w, prefix}, options)
	}
	return journalHandler{debug: text("<7>"), info: text("<6>"), warn: text("<4>"), error: text("<3>")}
}

// Enabled implements slog.Handler.
func (h journalHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.info.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h journalHandler) Handle(ctx context.Context, r slog.Record) error {
	switch {
	case r.Level >= slog.LevelError:
		return h.error.Handle(ctx, r)
	case r.Level >= slog.LevelWarn:
		return h.warn.Handle(ctx, r)
	case r.Level >= slog.LevelInfo:
		return h.info.Handle(ctx, r)
	default:
		return h.debug.Handle(ctx, r)
	}
}

// WithAttrs implements slog.Handler.
func (h journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.each(func(x slog.Handler) slog.Handler { return x.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h journalHandler) WithGroup(name string) slog.Handler {
	return h.each(func(x slog.Handler) slog.Handler { return x.WithGroup(name) })
}

func (h journalHandler) each(f func(slog.Handler) slog.Handler) journalHandler {
	return journalHandler{debug: f(h.debug), info: f(h.info), warn: f(h.warn), error: f(h.error)}
}

func withoutTimeAndLevel(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return redact.Attr(groups, a)
}

// prefixed writes its prefix before each line that a slog handler writes, which
// is one Write a record.
type prefixed struct {
	io.Writer
	prefix string
}

func (p prefixed) Write(line []byte) (int, error) {
	if _, err := p.Writer.Write(append([]byte(p.prefix), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}
