package hub

import (
	"slices"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestRealHubSaysUnheard: a real hub says that it forwards nothing of what a port without
// the floor sends; when the port sends no more, that is over.
func TestRealHubSaysUnheard(t *testing.T) {
	h := startHub(t, hubSetup{Listen: "127.0.0.1:0", Redis: redistest.Start(t).URL})
	l, e, _ := joinHub(t, Config{URL: h.url(), Token: bearer("north", time.Hour), Engine: lossy(t)})
	e.see(t, "up", func() bool { return e.ups == 1 })
	sent := uint32(0)
	e.see(t, "unheard", func() bool {
		if err := l.WriteOpus([]byte{0xF8, 1}, sent*media.FrameSamples, sent == 0); err != nil {
			t.Error(err)
		}
		sent++
		return slices.Contains(e.unheard, "no-rights")
	})
	e.see(t, "over", func() bool { return e.unheard[len(e.unheard)-1] == "" })
}
