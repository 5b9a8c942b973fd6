package options

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
)

// TestIdentOfAConfiguration: none unless there is a call sign, and every call sign
// that the configuration allows has its code.
func TestIdentOfAConfiguration(t *testing.T) {
	cfg := config.Default().Key.Ident
	if id, err := identOf(cfg); err != nil || id.Sound != nil {
		t.Errorf("by default: %d samples, %v", len(id.Sound), err)
	}
	cfg.Call = "ABCDEFGHIJKLMNOPQRSTUVWXYZ/0123456789"
	if id, err := identOf(cfg); err != nil || len(id.Sound) == 0 || id.Every != 10*time.Minute {
		t.Errorf("%d samples every %v, %v", len(id.Sound), id.Every, err)
	}
}
