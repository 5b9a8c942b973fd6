package redis

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/talkgate/talkgate/state/redis/conn"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(holdEnv); url != "" {
		fmt.Fprintln(os.Stderr, hold(url))
		os.Exit(1)
	}
	conn.LogTo(slog.New(slog.DiscardHandler))
	flag.String("failures", "", "document to write the table of failures into")
	flag.Parse()
	// The scenes wait more than they work.
	flag.Set("test.parallel", "8")
	os.Exit(m.Run())
}
