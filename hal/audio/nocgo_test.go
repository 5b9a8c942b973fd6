//go:build !cgo

package audio

import (
	"errors"
	"testing"
)

func TestWithoutCgoItSaysSo(t *testing.T) {
	_, capture := OpenCapture(Config{Card: "Device"})
	_, playback := OpenPlayback(Config{Card: "Device"}, Malgo)
	if !errors.Is(capture, ErrUnsupported) || !errors.Is(playback, ErrUnsupported) {
		t.Error(capture, playback)
	}
}
