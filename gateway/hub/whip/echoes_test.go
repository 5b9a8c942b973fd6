package whip

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/media/rtc"
)

// endless is a peer that stays until it is closed.
type endless struct{ done chan struct{} }

func (e endless) Done() <-chan struct{}        { return e.done }
func (e endless) Err() error                   { return rtc.ErrClosed }
func (e endless) Close() error                 { close(e.done); return nil }
func (e endless) Tag() string                  { return "" }
func (e endless) Patch(string) (string, error) { return "", nil }

// TestEchoEnds by itself: a member that forgot it does not hear itself for ever.
func TestEchoEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := New(t.Context(), Config{Max: 1, Log: slog.New(slog.DiscardHandler)})
		if err := all.reserve("a"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		s := &Session{kind: "echo/whip", userID: "a", peer: endless{make(chan struct{})}, private: true}
		all.register(s, func() { all.echoes.Leave(s.userID, s.peer) })
		all.echoes.Enter(s.userID, KindWHIP, s.peer, nil)
		<-s.ended
		if lasted := time.Since(began); lasted != echoTime {
			t.Errorf("it lasted %v", lasted)
		}
		if n := len(all.echoes.all); n != 0 {
			t.Errorf("%d echoes are left", n)
		}
	})
}
