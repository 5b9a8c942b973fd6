package fleet

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSettingsAreDottedKeysAndPlainValues(t *testing.T) {
	for key, fits := range map[string]bool{
		"talk.max_talk": true, "channel": true, "a.b.c_9": true,
		"": false, ".": false, "talk.": false, ".talk": false, "talk..lease": false, "Talk": false, "talk max": false, "täglich": false, "a\n": false, "a-b": false,
	} {
		if err := (Settings{key: true}).validate(); (err == nil) != fits {
			t.Errorf("key %q: %v", key, err)
		}
	}
	for number, fits := range map[json.Number]bool{
		"0": true, "-17": true, json.Number(strings.Repeat("9", 18)): true,
		"": false, "-": false, "--1": false, "1.5": false, "1e3": false, "+1": false, "0x1": false, json.Number(strings.Repeat("9", 19)): false,
	} {
		if err := (Settings{"key": number}).validate(); (err == nil) != fits {
			t.Errorf("number %q: %v", number, err)
		}
	}
	if err := (Settings{"key": []any{}}).validate(); err == nil {
		t.Error("a list is a value")
	}
}
