//go:build hil

package sound

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/hil"
)

// TestKernelOto plays with oto, which opens one card in the life of a process, and
// then takes the card away. Oto does not give it back: this file's name is the last.
func TestKernelOto(t *testing.T) {
	c, err := OpenCapture(side(1), ALSA)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	p, err := OpenPlayback(side(0), Oto)
	if err != nil {
		t.Fatal(err)
	}
	playing := play(t, p, (&tone{hertz: 1000}).fill)
	hear(t, c, 1000)
	if status, err := os.ReadFile("/proc/asound/Loopback/pcm0p/sub0/status"); err != nil {
		t.Error(err)
	} else {
		t.Logf("oto: latency %v; the kernel has it as\n%s", p.Latency(), status)
	}
	if _, err := OpenPlayback(side(0), Oto); !errors.Is(err, ErrOnce) {
		t.Errorf("a second context: %v", err)
	}
	c.Close()
	hil.UnplugCard(t)
	select {
	case err := <-playing:
		if !errors.Is(err, hal.ErrGone) {
			t.Errorf("Play: %v", err)
		}
	case <-time.After(longest):
		t.Fatal("playback does not notice")
	}
}
