package options

import (
	"reflect"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
)

// TestWhatIsLiveIsTuned: a key that is said to take effect without a restart is in
// what a running port is told.
func TestWhatIsLiveIsTuned(t *testing.T) {
	local, err := config.ParseLocal("north.yaml", []byte(`version: 1
channel: gates
identity: {user_id: north, user_name: North}
redis: {url: "redis://127.0.0.1"}
link: {kind: hub, url: "http://hub", token_file: t}
hardware: {driver: board, ptt: {chip: c, line: l}, sound: {microphone: {card: A}, speaker: {card: A}}}
audio: {microphone: {gate: {enabled: true}, agc: {enabled: true}}}
fleet: {public_key: "ed25519:`+strings.Repeat("A", 43)+`="}
`))
	if err != nil {
		t.Fatal(err)
	}
	before, err := Tuning(local.Config)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]any{
		"talk.lease": "1100ms", "talk.lock_ttl": "4s", "talk.max_talk": "7s", "talk.warn": "3s", "talk.penalty": "9s", "talk.queue": "11s", "talk.request_timeout": "700ms",
		"audio.bitrate": 30000, "audio.expected_loss": "20%", "audio.complexity": 7, "audio.dtx": true,
		"audio.microphone.high_pass": 100, "audio.microphone.limiter": false,
		"audio.microphone.gate.enabled": false, "audio.microphone.gate.threshold": "-40 dB",
		"audio.microphone.agc.enabled": false, "audio.microphone.agc.target": "-30 dB", "audio.microphone.agc.max_gain": "10 dB",
		"audio.tones.enabled": false, "audio.tones.gain": "3 dB", "audio.tones.on_air": true, "audio.tones.deny.enabled": false, "audio.roger.enabled": true,
		"squelch.open_delay": "200ms", "squelch.hang": "1s", "squelch.deaf": "300ms", "squelch.chatter": 3, "squelch.chatter_time": "250ms",
		"key.tail": "400ms", "key.min": "2s", "key.limit": "77s", "key.cool_down": "5s",
		"hardware.sound.microphone.gain": "4 dB", "hardware.sound.speaker.gain": "5 dB",
	} {
		cfg, err := local.With(fleet.Settings{key: value})
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		after, err := Tuning(config.WithLive(local.Config, cfg))
		if err != nil || !config.Live(key) || reflect.DeepEqual(before, after) {
			t.Errorf("%s: live %v, and a port that runs is told the same as before; %v", key, config.Live(key), err)
		}
	}
}
