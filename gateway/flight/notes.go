package flight

import (
	"log/slog"
)

// Notes is a log handler that records what is logged, at every level, beside the
// one that writes it.
func Notes(ring *Ring) slog.Handler {
	return slog.NewJSONHandler(notes{ring}, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{} // the entry has its own, on a better clock
			}
			return a
		},
	})
}

// notes are written one line a call, as slog promises.
type notes struct{ ring *Ring }

func (n notes) Write(line []byte) (int, error) {
	n.ring.write(Event, line)
	return len(line), nil
}
