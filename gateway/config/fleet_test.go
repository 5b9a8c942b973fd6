package config_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
)

const fleetKey = "ed25519:a0Vwj4Q7pYCvUWo7xYkx7Zr1NK0s1mH4tHGJ1i2S3wQ="

const localFile = `version: 1
identity: {user_id: north, user_name: North gate}
redis: {url: "redis://127.0.0.1"}
fleet: {public_key: "` + fleetKey + `", group: gates}
`

const fleetFile = `version: 1
defaults:
  link: {kind: hub, url: "http://hub:8080"}
  hardware: {driver: sim}
  talk: {max_talk: 2m}
groups:
  gates:
    channel: gates
    audio: {bitrate: 32000, tones: {enabled: false}}
gateways:
  north:
    link: {token_file: "credential:token"}
  south:
`

func TestDocumentsAreLaidOverTheLocalFile(t *testing.T) {
	layers, err := config.ParseFleet("fleet.yaml", []byte(fleetFile))
	if err != nil {
		t.Fatal(err)
	}
	want := map[fleet.Scope]fleet.Settings{
		"defaults":      {"link.kind": "hub", "link.url": "http://hub:8080", "hardware.driver": "sim", "talk.max_talk": "2m"},
		"group/gates":   {"channel": "gates", "audio.bitrate": json.Number("32000"), "audio.tones.enabled": false},
		"gateway/north": {"link.token_file": "credential:token"},
		"gateway/south": {},
	}
	if !reflect.DeepEqual(layers, want) {
		t.Fatalf("%v", layers)
	}
	local, err := config.ParseLocal("north.yaml", []byte(localFile+"talk: {max_talk: 5m, lease: 2s, lock_ttl: 4s}\n"))
	if err != nil || !local.InFleet() || local.Identity.UserID != "north" {
		t.Fatalf("%+v, %v", local, err)
	}
	c, err := local.With(fleet.Merge(config.Choices(), layers[fleet.Defaults], layers[fleet.Group("gates")], layers[fleet.Gateway("north")]))
	if err != nil {
		t.Fatal(err)
	}
	if c.Channel != "gates" || c.Talk.MaxTalk.String() != "2m0s" || c.Talk.Lease.String() != "2s" || c.Audio.Bitrate != 32000 ||
		c.Audio.Tones.Enabled || c.Link.Hub == nil || c.Link.Hub.TokenFile != "credential:token" || c.Identity.UserName != "North gate" {
		t.Errorf("%+v", c)
	}
	if _, err := local.With(layers[fleet.Defaults]); err == nil || !strings.Contains(err.Error(), "channel") {
		t.Errorf("without a channel: %v", err)
	}
	text, err := config.FleetYAML(layers)
	if err != nil {
		t.Fatal(err)
	}
	again, err := config.ParseFleet("again.yaml", []byte(text))
	if err != nil || !reflect.DeepEqual(again, layers) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestALocalFileIsWholeOrInAFleet(t *testing.T) {
	for name, tc := range map[string]struct{ text, names string }{
		"no key":      {strings.Replace(localFile, fleetKey, "", 1), "channel"},
		"no identity": {strings.Replace(localFile, "user_id: north, ", "", 1), "identity.user_id"},
		"no Redis":    {strings.Replace(localFile, "redis:", "#", 1), "redis"},
		"a wrong key": {strings.Replace(localFile, fleetKey, "ed25519:x", 1), "fleet.public_key"},
		"a typing":    {localFile + "tlak: {}\n", "tlak"},
		"a list":      {localFile + "talk: [1]\n", "talk"},
	} {
		_, err := config.ParseLocal("f", []byte(tc.text))
		if e, ok := errors.AsType[*config.Error](err); !ok || !strings.Contains(e.Error(), tc.names) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if l, err := config.ParseLocal("f", []byte(minimal)); err != nil || l.InFleet() {
		t.Errorf("%+v, %v", l, err)
	}
}

// TestWhatADocumentMayNotSay keeps a fleet from cutting off its own ports, and
// from reading their files.
func TestWhatADocumentMayNotSay(t *testing.T) {
	for _, tc := range []struct{ line, key string }{
		{"identity: {user_id: other}", "defaults.identity.user_id"},
		{"redis: {url: \"redis://other\"}", "defaults.redis.url"},
		{"fleet: {group: other}", "defaults.fleet.group"},
		{"version: 1", "defaults.version"},
		{"link: {kind: hub, url: \"http://h\", token_file: /etc/shadow}", "defaults.link.token_file"},
		{"link: {kind: hub, url: \"http://h\", token_file: ../x}", "defaults.link.token_file"},
		{"link: {kind: hub, url: \"http://h\", token_file: \"credential:../x\"}", "defaults.link.token_file"},
		{"link: {kind: hub, url: \"http://user:secret@h\"}", "defaults.link.url"},
		{"link: {password_file: /etc/shadow}", "defaults.link.password_file"},
		{"link: {urll: x}", "defaults.link.urll"},
		{"talk: {lease: soon}", "defaults.talk.lease"},
		{"talk: {leese: 1s}", "defaults.talk.leese"},
		{"talk: [1]", "defaults.talk"},
		{"audio: {bitrate: 0x7d00}", "defaults.audio.bitrate"},
	} {
		_, err := config.ParseFleet("fleet.yaml", []byte("version: 1\ndefaults:\n  "+tc.line+"\n"))
		e, ok := errors.AsType[*config.Error](err)
		if !ok || e.Problems[0].Key != tc.key || e.Problems[0].Line != 3 && tc.key != "defaults.talk" || strings.Contains(err.Error(), "secret@") || strings.Contains(err.Error(), "shadow") {
			t.Errorf("%s: %v", tc.line, err)
		}
	}
	for _, text := range []string{"", "version: 2\n", "version: 1\ndefault: {}\n", "version: 1\ngroups: {\"a b\": {}}\n", "version: 1\ngroups: [a]\n"} {
		if _, err := config.ParseFleet("fleet.yaml", []byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestWhatIsLive(t *testing.T) {
	for key, want := range map[string]bool{
		"log.level": true, "talk.max_talk": true, "audio.bitrate": true, "audio.tones.gain": true,
		"hardware.sound.speaker.gain": true, "channel": false, "link.url": false, "hardware.ptt.line": false, "no.such": false,
	} {
		if config.Live(key) != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
	if got := strings.Join(config.Choices(), " "); got != "hardware.driver link.kind" {
		t.Error(got)
	}
}

// FuzzFleet wants of any text: no panic, an *Error, or layers that documents can
// carry and the local file can be merged with or not, without a panic.
func FuzzFleet(f *testing.F) {
	f.Add([]byte(fleetFile))
	f.Add([]byte("version: 1\ngroups: {a: {link: {kind: {}}}}\n"))
	local, err := config.ParseLocal("local.yaml", []byte(localFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		layers, err := config.ParseFleet("f", text)
		if err != nil {
			if e, ok := errors.AsType[*config.Error](err); !ok || len(e.Problems) == 0 {
				t.Fatal(err)
			}
			return
		}
		for scope, settings := range layers {
			if err := config.CheckSettings("f", settings); err != nil {
				t.Fatalf("%s: %v", scope, err)
			}
			_, _ = local.With(settings)
		}
	})
}
