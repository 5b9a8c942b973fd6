//go:build !(linux && cgo)

package audio

import "fmt"

// OpenCapture fails: it needs cgo.
func OpenCapture(cfg Config) (Capture, error) { return nil, fmt.Errorf("%v: %w", cfg, ErrUnsupported) }

// OpenPlayback fails: it needs cgo.
func OpenPlayback(cfg Config, _ Player) (Playback, error) {
	return nil, fmt.Errorf("%v: %w", cfg, ErrUnsupported)
}
