package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sound"
)

// restartPause keeps hardware that comes and goes from keeping a core busy.
const restartPause = time.Second

// needsRestart reports whether a port ended for want of hardware that may come
// back, or for other documents of its fleet. Oto gets no card back in the same
// process.
func needsRestart(err error) bool {
	return errors.Is(err, hal.ErrGone) || errors.Is(err, sound.ErrOnce) || errors.Is(err, errDocuments)
}

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
