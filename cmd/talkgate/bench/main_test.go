//go:build hil

package bench

import (
	"os"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

func TestMain(m *testing.M) { os.Exit(talkgatetest.Main(m)) }
