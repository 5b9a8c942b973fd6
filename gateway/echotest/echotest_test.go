package echotest

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// echoLink brings back what it is given after late, but for what lose says.
type echoLink struct {
	late   time.Duration
	lose   func(n int) bool
	refuse error // it does not come up

	mu     sync.Mutex
	events port.LinkEvents
	n      int
}

func (l *echoLink) Run(ctx context.Context, ev port.LinkEvents) error {
	l.mu.Lock()
	l.events = ev
	l.mu.Unlock()
	if l.refuse != nil {
		ev.LinkDown(l.refuse)
	} else {
		ev.LinkUp()
	}
	<-ctx.Done()
	return nil
}

func (l *echoLink) WriteOpus(opus []byte, timestamp uint32, first bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	p := media.Packet{Seq: uint16(l.n), Timestamp: timestamp, Marker: first, Opus: append([]byte(nil), opus...)}
	if l.lose != nil && l.lose(l.n) {
		return nil
	}
	time.AfterFunc(l.late, func() {
		p.Arrived = time.Now()
		l.events.Receive(p)
	})
	return nil
}

// TestEcho measures what the line adds, to a period of the card, the level, and what
// was lost.
func TestEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bare time.Duration
		for _, line := range []time.Duration{0, 35 * time.Millisecond, 200 * time.Millisecond, time.Second} {
			e, err := Run(t.Context(), &echoLink{late: line}, media.EncoderConfig{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("line of %v: %+v", line, e)
			if line == 0 {
				bare = e.Delay
			}
			if added := e.Delay - bare; added < line-10*time.Millisecond || added > line+10*time.Millisecond {
				t.Errorf("a line of %v adds %v", line, added)
			}
			if math.Abs(e.Level) > 1 || e.Sent != 150 || e.Heard != 150 {
				t.Errorf("%+v", e)
			}
		}
		e, err := Run(t.Context(), &echoLink{}, media.EncoderConfig{DTX: true})
		if err != nil || e.Delay != bare || math.Abs(e.Level) > 1 || e.Heard != 150 {
			t.Errorf("with DTX: %+v, %v", e, err)
		}
		e, err = Run(t.Context(), &echoLink{lose: func(n int) bool { return n%10 == 0 }}, media.EncoderConfig{})
		if err != nil || e.Heard != 135 {
			t.Errorf("a tenth is lost: %+v, %v", e, err)
		}
	})
}

// TestNoEcho: it ends, and says why.
func TestNoEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := Run(t.Context(), &echoLink{lose: func(int) bool { return true }}, media.EncoderConfig{})
		if !errors.Is(err, ErrSilence) {
			t.Errorf("nothing comes back: %v", err)
		}
		_, err = Run(t.Context(), &echoLink{lose: func(n int) bool { return n > 60 && n < 110 }}, media.EncoderConfig{})
		if err == nil {
			t.Error("a tone of three is lost, and nothing is said")
		}
		_, err = Run(t.Context(), &echoLink{refuse: port.LinkTokenRefused}, media.EncoderConfig{})
		if !errors.Is(err, port.LinkTokenRefused) {
			t.Errorf("the token is refused: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Run(ctx, &echoLink{}, media.EncoderConfig{}); !errors.Is(err, context.Canceled) {
			t.Errorf("it is ended: %v", err)
		}
	})
}

// Quality implements Link.
func (*echoLink) Quality() port.LinkQuality { return port.LinkQuality{} }
