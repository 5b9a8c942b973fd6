package config

import (
	"strings"
	"testing"
)

const hubFile = `version: 1
channel: gates
identity: {user_id: u, user_name: U}
redis: {url: "redis://127.0.0.1:6379/0"}
hardware: {driver: sim}
link:
  kind: hub
  token_file: t
`

func TestTheHubsURLs(t *testing.T) {
	for lines, want := range map[string]string{
		"  url: https://a\n  fallback_urls: https://b http://c:8080\n  ca_file: ca.pem\n": "",
		"  url: https://a\n  fingerprint: " + strings.Repeat("AB:", 31) + "AB\n":          "",
		"  url: 127.0.0.1:8080\n":                      "one without a scheme; write http:// before it",
		"  url: ftp://user:pass@hub\n":                 "one of another scheme",
		"  url: http://a\n  fallback_urls: b:8080\n":   "URLs http:// or https://",
		"  url: http://a\n  ca_file: ca.pem\n":         "link.ca_file: expected none",
		"  url: http://a\n  fingerprint: AB\n":         "link.fingerprint: expected none",
		"  url: https://a\n  fingerprint: not a sum\n": "64 hexadecimal digits",
	} {
		_, err := Parse("port.yaml", []byte(hubFile+lines))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", lines, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pass@")):
			t.Errorf("%s: says %v, want %q", lines, err, want)
		}
	}
}

func TestAHubLinkHasOneWayToAToken(t *testing.T) {
	const url = "  url: https://hub\n"
	c, err := Parse("f", []byte(strings.Replace(hubFile, "token_file: t", "device_key_file: /var/lib/talkgate/north/device.key", 1)+url))
	if err != nil || c.Link.Hub.DeviceKeyFile == "" {
		t.Fatalf("%+v, %v", c.Link.Hub, err)
	}
	text, err := Commented(c)
	if err != nil || strings.Contains(text, "north-gate.token") {
		t.Errorf("a file for a board with a key names a token, %v:\n%s", err, text)
	}
	for _, bad := range []string{"", "device_key_file: k\n  token_file: t"} {
		if _, err := Parse("f", []byte(strings.Replace(hubFile, "token_file: t", bad, 1)+url)); err == nil || !strings.Contains(err.Error(), "link.token_file") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
