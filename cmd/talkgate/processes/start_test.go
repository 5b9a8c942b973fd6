package processes

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestStartToOnAir says how long a port takes from the start of its process until
// it tells the service manager that it is on air, with hub and Redis there. What it
// says is the machine's; that it gets there is the test.
func TestStartToOnAir(t *testing.T) {
	const starts = 5
	s := talkgatetest.NewSite(t)
	config := s.Prepare("north")
	s.Grant("north")
	var took []time.Duration
	for range starts {
		m := talkgatetest.NewManager(t, 20*time.Second)
		began := time.Now()
		p := talkgatetest.Start(t, "north", "run", "--config", config)
		m.Until("READY=1")
		took = append(took, time.Since(began))
		p.Stop(syscall.SIGTERM)
	}
	slices.Sort(took)
	t.Logf("from start to on air: median %v, at most %v, of %d", took[starts/2], took[starts-1], starts)
}
