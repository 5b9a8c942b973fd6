package options

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media"
)

// TestWhatConfirmsASelection: a WAV named as the channel, or else what confirm says.
func TestWhatConfirmsASelection(t *testing.T) {
	cfg := config.Default()
	said := func(channel string, number int) []int16 {
		t.Helper()
		pcm, err := Sound(cfg, channel, number)
		if err != nil {
			t.Fatal(err)
		}
		return pcm
	}
	if got := said("gates", 3); !slices.Equal(got, media.Beeps(3, 0)) {
		t.Error("not three beeps")
	}
	cfg.Selector.Confirm = "morse"
	one, ten := said("gates", 1), said("gates", 10)
	if len(one) == 0 || len(ten) <= len(one) {
		t.Errorf("%d and %d samples of Morse code", len(one), len(ten))
	}
	cfg.Selector.Confirm = "off"
	if said("gates", 1) != nil {
		t.Error("something is said")
	}
	cfg.Selector.Sounds = config.File(t.TempDir())
	path := filepath.Join(string(cfg.Selector.Sounds), "gates.wav")
	speech, err := os.ReadFile("../../hal/sim/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	want, err := media.ReadWAV(bytes.NewReader(speech))
	if err == nil {
		err = os.WriteFile(path, speech, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(said("gates", 1), want) || said("yards", 2) != nil {
		t.Error("the WAV is not said, or on another channel")
	}
	if err := os.WriteFile(path, []byte("no WAV"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Sound(cfg, "gates", 1); err == nil || !strings.Contains(err.Error(), "selector.sounds: "+path) {
		t.Errorf("a file that is none: %v", err)
	}
}
