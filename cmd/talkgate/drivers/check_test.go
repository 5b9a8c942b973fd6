package drivers

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

// TestCheckOfABoardNamesWhatIsMissing wants every line and card that is not there
// named by its key, and what is not wired not to be missed.
func TestCheckOfABoardNamesWhatIsMissing(t *testing.T) {
	if err := checkHardware(config.Hardware{Sim: &config.SimHardware{}}); err != nil {
		t.Error(err)
	}
	side := config.SoundSide{Card: "NoSuchCard"}
	err := checkHardware(config.Hardware{Board: &config.BoardHardware{
		PTT:    config.ButtonLine{Chip: "no such chip", Line: "GPIO1"},
		PTTOut: config.OutputLine{Chip: "usb:9-9.9", Line: "GPIO3"},
		Sound:  config.Sound{Microphone: side, Speaker: side},
	}})
	for _, key := range []string{"hardware.ptt: ", "hardware.ptt_out: ", "hardware.sound.microphone: ", "hardware.sound.speaker: "} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not missed: %v", key, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "lamps") {
		t.Error(err)
	}
	cfg := config.Config{Link: config.Link{Hub: &config.HubLink{TokenFile: "nowhere.token"}}}
	if err := checkLink(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "link.token_file") {
		t.Error(err)
	}
}
