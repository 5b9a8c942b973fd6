package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
)

// restartPause keeps hardware that comes and goes from keeping a core busy.
const restartPause = time.Second

// restart runs this program anew, in the same process as far as anybody can
// tell, after a pause. It returns only when ctx ends or with an error.
func restart(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(restartPause):
	}
	// The arguments and the environment are those that this process was
	// started with.
	err := syscall.Exec("/proc/self/exe", os.Args, os.Environ())
	return fmt.Errorf("starting anew: %w", err)
}
