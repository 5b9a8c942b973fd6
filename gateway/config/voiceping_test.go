package config

import (
	"strings"
	"testing"
)

// vpFile is a port on the VoicePing servers; link is what follows the URL.
func vpFile(link string) []byte {
	return []byte(`version: 1
channel: c1
identity: {user_id: u1, user_name: U}
redis: {url: "redis://127.0.0.1:6379/0"}
link:
  kind: voiceping
  url: wss://ptt.example/ws
` + link + `
hardware: {driver: sim}
`)
}

func TestAVoicePingLinkHasOneWayToItsToken(t *testing.T) {
	for _, tc := range []struct{ link, key string }{
		{"  token_file: t", ""},
		{"  control_plane: https://x\n  email: a@b.c\n  password_file: p\n  event_id: e1", ""},
		{"  monitor: c2 c3\n  sharing: 4\n  token_file: t", ""},
		{"  sharing: 4", "link.token_file"},
		{"  token_file: t\n  control_plane: https://x\n  email: a@b.c\n  password_file: p\n  event_id: e1", "link.token_file"},
		{"  control_plane: https://x\n  password_file: p\n  event_id: e1", "link.email"},
		{"  control_plane: https://x\n  email: a@b.c\n  event_id: e1", "link.password_file"},
		{"  control_plane: https://x\n  email: a@b.c\n  password_file: p", "link.event_id"},
		{"  token_file: t\n  monitor: c2 c1", "link.monitor"},
		{"  token_file: t\n  sharing: 0", "link.sharing"},
	} {
		c, err := Parse("port.yaml", vpFile(tc.link))
		switch {
		case tc.key == "" && err != nil:
			t.Errorf("%s:\n%v", tc.link, err)
		case tc.key == "" && (c.Link.VoicePing == nil || c.Link.Hub != nil):
			t.Errorf("%s: %+v", tc.link, c.Link)
		case tc.key != "" && (err == nil || !strings.Contains(err.Error(), tc.key)):
			t.Errorf("%s: error %v, want one of %s", tc.link, err, tc.key)
		}
	}
}

// TestAnEmergencyButtonNeedsAHub: elsewhere nobody on other channels would hear it.
func TestAnEmergencyButtonNeedsAHub(t *testing.T) {
	const board = `hardware: {driver: board, ptt: {chip: a, line: "17"}, emergency: {chip: a, line: "4"}, sound: {speaker: {card: D}, microphone: {card: D}}}`
	file := strings.Replace(string(vpFile("  token_file: t")), "hardware: {driver: sim}", board, 1)
	if _, err := Parse("port.yaml", []byte(file)); err == nil || !strings.Contains(err.Error(), "hardware.emergency.chip: expected none, as only a hub") {
		t.Errorf("on the VoicePing servers: %v", err)
	}
	file = strings.Replace(file, "identity: {", "identity: {role: DISPATCH, ", 1)
	file = strings.Replace(file, "kind: voiceping\n  url: wss://ptt.example/ws", "kind: hub\n  url: https://ptt.example", 1)
	if _, err := Parse("port.yaml", []byte(file)); err != nil {
		t.Errorf("on a hub: %v", err)
	}
}
