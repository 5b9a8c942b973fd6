package logging

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/redact"
)

// New is the process's logger, which keeps to level; cfg sets it. journalStream is $JOURNAL_STREAM
// (systemd.exec(5)). No access token gets past it.
func New(cfg config.Log, level *slog.LevelVar, w io.Writer, journalStream string) (*slog.Logger, error) {
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, fmt.Errorf("log level: expected debug, info, warn or error, found %q", cfg.Level)
	}
	switch format := cfg.Format; {
	case format == "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact.Attr})), nil
	case format == "journal", format == "auto" && isJournal(w, journalStream):
		return slog.New(newJournalHandler(w, level)), nil
	case format == "text", format == "auto":
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact.Attr})), nil
	default:
		return nil, fmt.Errorf("log format: expected auto, text, json or journal, found %q", format)
	}
}

// isJournal says whether w is the stream that systemd connected to its journal.
func isJournal(w io.Writer, journalStream string) bool {
	f, ok := w.(*os.File)
	if !ok || journalStream == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && journalStream == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}
