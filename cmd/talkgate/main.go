// Command talkgate puts a radio, or a bare button with a microphone and a
// loudspeaker, on a WebRTC push-to-talk channel.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/talkgate/talkgate/state/redis/conn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)              // a second signal ends the process at once
	conn.LogTo(slog.New(slog.DiscardHandler)) // its errors are reported by who asked
	os.Exit(execute(ctx, newRoot(), os.Stderr))
}
