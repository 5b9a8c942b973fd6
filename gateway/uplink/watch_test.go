package uplink

import (
	"context"
	"testing"
)

func TestWatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- Watch(ctx, func() {}) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
