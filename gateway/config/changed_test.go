package config_test

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

// TestWithLive takes live keys only, and changes nothing but what it returns.
func TestWithLive(t *testing.T) {
	parse := func(text string) config.Config {
		t.Helper()
		c, err := config.Parse("port.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const board = "hardware: {driver: board, ptt: {chip: c, line: %}, sound: {microphone: {card: A}, speaker: {card: A, gain: ^ dB}}}"
	text := strings.Replace(minimal, "hardware: {driver: sim}", board, 1)
	a := parse(strings.NewReplacer("%", "l1", "^", "1").Replace(text))
	b := parse(strings.NewReplacer("%", "l2", "^", "2", "channel: gates", "channel: yard").Replace(text + "\nlog: {level: debug, format: json}\n"))
	c := config.WithLive(a, b)
	if got := strings.Join(config.Changed(a, c), " "); got != "hardware.sound.speaker.gain log.level" {
		t.Errorf("taken: %s", got)
	}
	if got := strings.Join(config.Changed(c, b), " "); got != "channel hardware.ptt.line log.format" {
		t.Errorf("left: %s", got)
	}
}

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
