package config

import (
	"strings"
	"testing"
)

// TestDTXNeedsAHub: what else is in the field may take a pause for a loss.
func TestDTXNeedsAHub(t *testing.T) {
	voicePing := string(vpFile("  token_file: t")) + "audio: {dtx: true}\n"
	for name, tc := range map[string]struct{ file, want string }{
		"VoicePing": {voicePing, "port.yaml:10: audio.dtx: expected false, as only a hub is known to take a pause for no loss, found true"},
		"LiveKit": {strings.Replace(voicePing, "kind: voiceping\n  url: wss://ptt.example/ws\n  token_file: t", "kind: livekit\n  url: wss://lk.example\n  key_file: k", 1),
			"port.yaml:10: audio.dtx: expected false, as only a hub is known to take a pause for no loss, found true"},
		"hub": {strings.Replace(voicePing, "kind: voiceping\n  url: wss://ptt.example/ws", "kind: hub\n  url: https://ptt.example", 1), ""},
	} {
		c, err := Parse("port.yaml", []byte(tc.file))
		switch {
		case tc.want != "" && (err == nil || err.Error() != tc.want):
			t.Errorf("%s: error %v, want %s", name, err, tc.want)
		case tc.want == "" && (err != nil || !c.Audio.DTX):
			t.Errorf("%s: DTX %v, error %v", name, c.Audio.DTX, err)
		}
	}
	if Default().Audio.DTX {
		t.Error("it is on by default")
	}
}
