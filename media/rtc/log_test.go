package rtc

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/pion/rtp"
)

// lockedBuffer takes lines of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// TestNoPasswordIsLogged: at the level for debugging the log tells of the session,
// and has neither side's ICE password in it.
func TestNoPasswordIsLogged(t *testing.T) {
	var logged lockedBuffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	hub, port := newEngine(t, Config{Logger: log}), newEngine(t, Config{Logger: log})
	var sdp []string
	p, err := port.Publish(t.Context(), func(ctx context.Context, offer string) (string, error) {
		s, answer, err := hub.AcceptPublisher(ctx, offer, func(*rtp.Packet) {})
		if err == nil {
			t.Cleanup(func() { _ = s.Close() })
		}
		sdp = append(sdp, offer, answer)
		return answer, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	logged.mu.Lock()
	defer logged.mu.Unlock()
	text := logged.String()
	if !strings.Contains(text, "pion=") {
		t.Fatalf("the log tells nothing:\n%s", text)
	}
	for _, s := range sdp {
		password := regexp.MustCompile(`a=ice-pwd:(\S+)`).FindStringSubmatch(s)
		if password == nil {
			t.Fatalf("no password in\n%s", s)
		}
		if strings.Contains(text, password[1]) {
			t.Errorf("the log has the password %s in it", password[1])
		}
	}
}
