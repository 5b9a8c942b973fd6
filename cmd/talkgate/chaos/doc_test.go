// Package chaos holds one long test: radios talk on a channel while processes are killed and
// stopped, rights are taken away and Redis misbehaves, and a listener who tells the talkers
// apart counts what nobody may hear.
package chaos

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

func TestMain(m *testing.M) {
	flag.Duration("chaos", 2*time.Minute, "how long the radios talk")
	flag.Int64("seed", 1, "of what happens when")
	flag.String("table", "", "document to write the counts into")
	os.Exit(talkgatetest.Main(m))
}
