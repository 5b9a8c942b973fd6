package config_test

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

func TestLiveKitTokensComeOneWay(t *testing.T) {
	const good = `{kind: livekit, url: "wss://lk.example", key_file: lk.key}`
	for _, tc := range []struct{ link, problem string }{
		{good, ""},
		{`{kind: livekit, url: "ws://a:7880", fallback_urls: "ws://b:7880 wss://c", token_url: "https://t.example/t", bearer_file: b}`, ""},
		{`{kind: livekit, url: "wss://lk.example"}`, "link.key_file"},
		{`{kind: livekit, url: "wss://lk.example", key_file: lk.key, token_url: "https://t.example"}`, "link.key_file"},
		{`{kind: livekit, url: "wss://lk.example", key_file: lk.key, bearer_file: b}`, "link.bearer_file"},
		{`{kind: livekit, url: "https://lk.example", key_file: lk.key}`, "link.url"},
		{`{kind: livekit, url: "wss://lk.example", key_file: lk.key, fallback_urls: "b:7880"}`, "link.fallback_urls"},
		{`{kind: livekit, url: "wss://lk.example", key_file: lk.key, monitor: "yard gates"}`, "link.monitor"},
	} {
		text := strings.Replace(minimal, linkOf(minimal), "link: "+tc.link+"\n", 1)
		c, err := config.Parse("port.yaml", []byte(text))
		switch {
		case tc.problem == "" && err != nil:
			t.Errorf("%s: %v", tc.link, err)
		case tc.problem == "" && c.Link.LiveKit == nil:
			t.Errorf("%s: not chosen", tc.link)
		case tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem)):
			t.Errorf("%s: %v, want a problem of %s", tc.link, err, tc.problem)
		}
	}
}

// linkOf is the line of the configuration that has the link.
func linkOf(text string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "link:") {
			return line
		}
	}
	return ""
}
