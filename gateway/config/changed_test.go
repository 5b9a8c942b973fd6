package config_test

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

func TestChangedNamesTheKeys(t *testing.T) {
	old, err := config.Parse("port.yaml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ replace, with, want string }{
		{"gates", "gates", ""},
		{"channel: gates", "channel: yard", "channel"},
		{"north.token", "south.token", "link.token_file"},
		{"driver: sim", "driver: sim, speech: hello.wav", "hardware.speech"},
		{"hardware:", "talk: {max_talk: 5m}\nlog: {level: debug}\naudio: {tones: {gain: 3 dB}}\nhardware:", "talk.max_talk audio.tones.gain log.level"},
	} {
		now, err := config.Parse("port.yaml", []byte(strings.Replace(minimal, tc.replace, tc.with, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(config.Changed(old, now), " "); got != tc.want {
			t.Errorf("%s for %s: %q, want %q", tc.with, tc.replace, got, tc.want)
		}
	}
}
