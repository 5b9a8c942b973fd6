package clock

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestItIsWaitedForTheClock boots a board without a battery.
func TestItIsWaitedForTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		boot, offset := time.Now(), time.Duration(0)
		c := &Clock{
			earliest: boot.AddDate(20, 0, 0), // the bubble's clock stands in 2000
			Now:      func() time.Time { return time.Now().Add(offset) },
			log:      slog.New(slog.NewTextHandler(&log, nil)),
		}
		over := make(chan struct{})
		waits := true
		go func() {
			c.Wait(t.Context(), "the link")
			waits = false
			close(over)
		}()
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if said := strings.Count(log.String(), "the clock is wrong, and is waited for"); !waits || said != 3 {
			t.Errorf("after 150 s of a wrong clock: waits %v, said so %d times:\n%s", waits, said, &log)
		}
		if want := "expected_after=2020-01-01"; !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &log)
		}
		offset = 21 * 365 * 24 * time.Hour
		<-over
		if waited := time.Since(boot); waited > 152*time.Second {
			t.Errorf("the clock set: waited %v", waited)
		}
	})
}

func TestTheClockOfThisMachineIsRight(t *testing.T) {
	c := New(slog.New(slog.DiscardHandler))
	if !c.Right() {
		t.Errorf("it is %v, before %v", c.Now(), c.earliest)
	}
	if time.Unix(0, 0).After(c.earliest) {
		t.Error("1970 would be right")
	}
}
