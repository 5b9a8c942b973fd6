// Package processes holds the tests of several processes: talkgate as it is
// installed, with nothing but Redis and the network between its parts.
package processes

import (
	"os"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

func TestMain(m *testing.M) { os.Exit(talkgatetest.Main(m)) }
