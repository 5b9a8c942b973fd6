// Command talkgate puts a radio, or a bare button with a microphone and a
// loudspeaker, on a WebRTC push-to-talk channel.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(execute(ctx, newRoot(), os.Stderr))
}
