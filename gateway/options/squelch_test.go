package options

import (
	"strconv"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media/detect"
)

// TestEveryCTCSSToneCanBeConfigured: the words of the configuration are the tones of
// the detector.
func TestEveryCTCSSToneCanBeConfigured(t *testing.T) {
	for _, hz := range detect.CTCSSTones() {
		talk := config.Talk{CTCSS: strconv.FormatFloat(hz, 'f', 1, 64)}
		if ear, err := earOf(talk); err != nil || ear == nil {
			t.Errorf("%s: %v", talk.CTCSS, err)
		}
		text := "version: 1\nchannel: c\nidentity: {user_id: a, user_name: A}\nredis: {url: \"redis://127.0.0.1:6379/0\"}\n" +
			"link: {kind: hub, url: \"http://127.0.0.1:8080\", token_file: t}\nhardware: {driver: sim}\ntalk: {ctcss: \"" + talk.CTCSS + "\"}\n"
		if c, err := config.Parse("port.yaml", []byte(text)); err != nil || c.Talk.CTCSS != talk.CTCSS {
			t.Errorf("%s: %v", talk.CTCSS, err)
		}
	}
	if ear, err := earOf(config.Default().Talk); ear != nil || err != nil {
		t.Errorf("by default the microphone talks by itself: %v, %v", ear, err)
	}
}
