package config_test

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

// TestKeysOfInputDevices: a key of an input device stands in for a line, and what does
// not fit together is named.
func TestKeysOfInputDevices(t *testing.T) {
	board := func(lines ...string) string {
		return strings.Replace(minimal, "hardware: {driver: sim}\n", "hardware:\n  driver: board\n  sound: {microphone: {card: a}, speaker: {card: a}}\n  "+
			strings.Join(lines, "\n  ")+"\n", 1)
	}
	c, err := config.Parse("port.yaml", []byte(board(`ptt: {input: "AB Shutter3", key: KEY_VOLUMEUP, mode: toggle}`, `cor: {chip: a, line: b}`)))
	if err != nil {
		t.Fatal(err)
	}
	if b := c.Hardware.Board; b.PTT.Input != "AB Shutter3" || b.PTT.Key != "KEY_VOLUMEUP" || !b.PTT.Wired() || !b.COR.Wired() || b.Record.Wired() {
		t.Errorf("%+v", b.PTT)
	}
	for _, tc := range []struct {
		lines []string
		want  string // the key that is named, and what is said of it
	}{
		{[]string{`ptt: {input: x}`}, "hardware.ptt.key: expected a key of the device hardware.ptt.input names"},
		{[]string{`ptt: {key: KEY_A}`, `cor: {chip: a, line: b}`}, "hardware.ptt.input: expected the device that has the key"},
		{[]string{`ptt: {input: x, key: a}`}, "hardware.ptt.key: expected a key such as KEY_F13"},
		{[]string{`ptt: {input: x, key: KEY_A, chip: y}`}, "hardware.ptt.input: expected none, as there is hardware.ptt.chip"},
		{[]string{`ptt: {input: x, key: KEY_A, line: "3"}`}, "hardware.ptt.line: expected none, as a key has no line"},
		{[]string{`ptt: {input: x, key: KEY_A, pull: down}`}, "hardware.ptt.pull: expected no such key"},
		{[]string{`ptt: {input: x, key: KEY_A, active_low: false}`}, "hardware.ptt.active_low: expected no such key"},
		{[]string{`ptt: {input: x, key: KEY_A}`, `cor: {input: x, key: KEY_A}`}, "hardware.cor.key: expected a key of its own"},
		{[]string{`ptt: {input: x, key: KEY_A}`, `record: {input: x, key: KEY_B}`}, "hardware.record.chip: expected none, as there is no recorder.size"},
		{[]string{`ptt_out: {input: x, key: KEY_A}`}, "hardware.ptt_out.input: expected one of"},
	} {
		if _, err := config.Parse("port.yaml", []byte(board(tc.lines...))); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %s", tc.lines, err, tc.want)
		}
	}
}
