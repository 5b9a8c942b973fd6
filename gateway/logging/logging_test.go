package logging

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

func logger(t *testing.T, format, level string, w *bytes.Buffer) *slog.Logger {
	t.Helper()
	l, err := New(config.Log{Format: format, Level: level}, new(slog.LevelVar), w, "")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLogFormats(t *testing.T) {
	for _, tc := range []struct{ format, start, part string }{
		{"auto", "time=", `level=WARN msg=hello port=north`},
		{"text", "time=", `level=WARN msg=hello port=north`},
		{"json", `{"time":`, `"level":"WARN","msg":"hello","port":"north"`},
		{"journal", `<4>msg=hello port=north`, "\n"},
	} {
		var b bytes.Buffer
		l := logger(t, tc.format, "info", &b)
		l.With("port", "north").Warn("hello")
		l.Debug("not seen")
		if got := b.String(); !strings.HasPrefix(got, tc.start) || !strings.Contains(got, tc.part) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: got %q", tc.format, got)
		}
	}
}

func TestJournalLevels(t *testing.T) {
	var b bytes.Buffer
	l := logger(t, "journal", "debug", &b)
	l.Debug("d")
	l.Info("i")
	l.WithGroup("g").Error("e", "level", 7)
	if got, want := b.String(), "<7>msg=d\n<6>msg=i\n<3>msg=e g.level=7\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAutoIsJournalOnlyOnTheJournalsOwnStream(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	if stream := fmt.Sprintf("%d:%d", s.Dev, s.Ino); !isJournal(f, stream) {
		t.Errorf("not recognised as %s", stream)
	}
	if isJournal(f, "") || isJournal(f, "1:2") || isJournal(&bytes.Buffer{}, "1:2") {
		t.Error("recognised though it is not")
	}
}

func TestUnknownLogLevel(t *testing.T) {
	if _, err := New(config.Log{Level: "loud"}, new(slog.LevelVar), os.Stderr, ""); err == nil {
		t.Error("accepted")
	}
}
