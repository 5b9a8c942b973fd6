package options

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
)

// TestEveryCTCSSToneCanBeConfigured: the words of the configuration are the tones of
// the detector.
func TestEveryCTCSSToneCanBeConfigured(t *testing.T) {
	for _, hz := range detect.CTCSSTones() {
		talk := config.Talk{DCS: "off", CTCSS: strconv.FormatFloat(hz, 'f', 1, 64)}
		if ear, err := detectorOf(talk); err != nil || ear == nil {
			t.Errorf("%s: %v", talk.CTCSS, err)
		}
		text := "version: 1\nchannel: c\nidentity: {user_id: a, user_name: A}\nredis: {url: \"redis://127.0.0.1:6379/0\"}\n" +
			"link: {kind: hub, url: \"http://127.0.0.1:8080\", token_file: t}\nhardware: {driver: sim}\ntalk: {ctcss: \"" + talk.CTCSS + "\"}\n"
		if c, err := config.Parse("port.yaml", []byte(text)); err != nil || c.Talk.CTCSS != talk.CTCSS {
			t.Errorf("%s: %v", talk.CTCSS, err)
		}
	}
	if ear, err := detectorOf(config.Default().Talk); ear != nil || err != nil {
		t.Errorf("by default the microphone talks by itself: %v, %v", ear, err)
	}
}

// TestEveryDCSCodeCanBeConfigured: a code that no radio offers is refused with its key.
func TestEveryDCSCodeCanBeConfigured(t *testing.T) {
	for _, octal := range media.DCSCodes() {
		for _, polarity := range []string{"N", "I"} {
			talk := config.Talk{CTCSS: "off", DCS: fmt.Sprintf("%03o%s", octal, polarity)}
			if squelch, err := detectorOf(talk); err != nil || squelch == nil {
				t.Errorf("%s: %v", talk.DCS, err)
			}
			if sent, err := subtoneOf(config.Key{CTCSS: "off", DCS: talk.DCS, CTCSSLevel: -24}); err != nil || sent == nil {
				t.Errorf("%s: %v", talk.DCS, err)
			}
		}
	}
	if _, err := detectorOf(config.Talk{CTCSS: "off", DCS: "777N"}); err == nil || !strings.Contains(err.Error(), "talk.dcs") {
		t.Errorf("a code of no radio: %v", err)
	}
	if _, err := subtoneOf(config.Key{CTCSS: "off", DCS: "000I"}); err == nil || !strings.Contains(err.Error(), "key.dcs") {
		t.Errorf("a code of no radio: %v", err)
	}
}
