package daemon

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// fakeSubject is as a test says.
type fakeSubject struct {
	mu      sync.Mutex
	onAir   bool
	words   string
	dead    []string
	reloads int
	news    chan struct{}
}

func (p *fakeSubject) Summary() (bool, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.onAir, p.words
}

func (p *fakeSubject) Stalled() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *fakeSubject) Changed() <-chan struct{} { return p.news }
func (p *fakeSubject) reload()                  { p.reloads++ }

func (p *fakeSubject) set(change func()) {
	p.mu.Lock()
	change()
	p.mu.Unlock()
	p.news <- struct{}{}
}

// ward is a service, its subject and what the manager was told.
type ward struct {
	*fakeSubject
	hangups chan os.Signal
	mu      sync.Mutex
	told    []string
}

// inWard runs body with a service whose manager waits for twenty seconds.
func inWard(t *testing.T, body func(w *ward)) {
	synctest.Test(t, func(t *testing.T) {
		w := &ward{fakeSubject: &fakeSubject{words: "starting", news: make(chan struct{})}, hangups: make(chan os.Signal)}
		s := &service{watchdog: 20 * time.Second, hangups: w.hangups, log: slog.New(slog.DiscardHandler), notify: func(state string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, state)
		}}
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { s.Run(ctx, w.fakeSubject, w.reload); close(over) }()
		body(w)
		cancel()
		<-over
		if last := w.take(); last[len(last)-1] != "STOPPING=1" {
			t.Errorf("at the end the manager was told %q", last)
		}
	})
}

// take is what the manager was told since the last time.
func (w *ward) take() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	told := w.told
	w.told = nil
	return told
}

func TestReadyOnceOnAir(t *testing.T) {
	inWard(t, func(w *ward) {
		if got := w.take(); !slices.Equal(got, []string{"EXTEND_TIMEOUT_USEC=20000000", "STATUS=starting"}) {
			t.Errorf("at the start: %q", got)
		}
		w.set(func() { w.onAir, w.words = true, "on air" })
		if got := w.take(); !slices.Equal(got, []string{"STATUS=on air", "READY=1"}) {
			t.Errorf("on air: %q", got)
		}
		w.set(func() { w.onAir, w.words = false, "waiting" })
		synctest.Wait()
		w.set(func() { w.onAir, w.words = true, "on air" })
		if got := w.take(); !slices.Equal(got, []string{"STATUS=waiting", "STATUS=on air"}) {
			t.Errorf("on air again: %q", got)
		}
	})
}

// TestTheWatchdogStarves: while starting as on air, the manager gets a sign of
// life four times as often as it needs, and none while something stalls.
func TestTheWatchdogStarves(t *testing.T) {
	inWard(t, func(w *ward) {
		for _, tc := range []struct {
			onAir bool
			sign  string
		}{{false, "EXTEND_TIMEOUT_USEC=20000000"}, {true, "WATCHDOG=1"}} {
			w.set(func() { w.onAir = tc.onAir })
			w.take()
			time.Sleep(20 * time.Second)
			if got := w.take(); !slices.Equal(got, []string{tc.sign, tc.sign, tc.sign, tc.sign}) {
				t.Errorf("in 20 s: %q", got)
			}
			w.set(func() { w.dead = []string{"capture"} })
			time.Sleep(time.Minute)
			if got := w.take(); len(got) > 0 {
				t.Errorf("with a stalled part: %q", got)
			}
			w.set(func() { w.dead = nil })
			time.Sleep(5 * time.Second)
			if got := w.take(); !slices.Equal(got, []string{tc.sign}) {
				t.Errorf("alive again: %q", got)
			}
		}
	})
}

func TestReload(t *testing.T) {
	inWard(t, func(w *ward) {
		w.take()
		w.hangups <- syscall.SIGHUP
		if got := w.take(); len(got) > 0 || w.reloads != 1 {
			t.Errorf("while starting: %d reloads, %q", w.reloads, got)
		}
		w.set(func() { w.onAir = true })
		w.take()
		w.hangups <- syscall.SIGHUP
		got := w.take()
		if len(got) != 2 || !strings.HasPrefix(got[0], "RELOADING=1\nMONOTONIC_USEC=") || got[1] != "READY=1" || w.reloads != 2 {
			t.Errorf("on air: %d reloads, %q", w.reloads, got)
		}
	})
}
