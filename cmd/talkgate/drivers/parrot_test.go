package drivers

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

// TestParrotNeedsAHub says so where there is none.
func TestParrotNeedsAHub(t *testing.T) {
	cfg := config.Default()
	cfg.Link = config.Link{Kind: "livekit", LiveKit: &config.LiveKitLink{}}
	if _, err := parrot(t.Context(), cfg, nil); err == nil || !strings.Contains(err.Error(), "livekit") {
		t.Error(err)
	}
}
