package voiceping

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestLinksByTurnsShareTheLogins: a port that goes from channel to channel makes no
// more logins than one that stays.
func TestLinksByTurnsShareTheLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logins := NewLogins(1)
		began := time.Now()
		for range 200 { // one link after the other, each stands for a second
			time.Sleep(logins.wait(time.Now()))
			logins.dial(time.Now())
			time.Sleep(time.Second)
		}
		windows := int(time.Since(began)/window) + 1
		if 200 > windows*logins.dialed.n {
			t.Errorf("200 logins in %v", time.Since(began))
		}
	})
}
