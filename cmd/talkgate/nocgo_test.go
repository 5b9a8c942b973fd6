//go:build !cgo

package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/audio"
)

// TestWithoutSoundABoardIsRefused wants it said at once, and not waited for a
// chip that is missing, too.
func TestWithoutSoundABoardIsRefused(t *testing.T) {
	cfg := config.Default().Hardware
	cfg.Board.PTT.Chip, cfg.Board.PTT.Line = "no such chip", "PTT"
	_, err := openHardware(cfg, strings.NewReader(""), io.Discard, func() {})
	if _, isConfig := errors.AsType[configError](err); !isConfig || !errors.Is(err, audio.ErrUnsupported) || errors.Is(err, hal.ErrGone) {
		t.Errorf("got %v", err)
	}
}
