package fleet

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Settings are keys of the configuration with their values. A key is dotted, as
// errors name it ("audio.tones.gain"); a value is a string, a bool or a whole
// number as json.Number.
type Settings map[string]any

// maxSettings is more keys than a configuration has.
const maxSettings = 512

func (s Settings) validate() error {
	if len(s) > maxSettings {
		return fmt.Errorf("settings: expected at most %d keys, found %d", maxSettings, len(s))
	}
	for k, v := range s {
		if !isKey(k) {
			return fmt.Errorf("settings: expected a dotted key such as talk.max_talk, found %q", k)
		}
		switch v := v.(type) {
		case string, bool:
		case json.Number:
			if !isWhole(string(v)) {
				return fmt.Errorf("settings: %s: expected a whole number, found another one", k)
			}
		default:
			return fmt.Errorf("settings: %s: expected text, a whole number, true or false, found something else", k)
		}
	}
	return nil
}

const (
	digits     = "0123456789"
	maxDigits  = 18 // fit an int64
	keyLetters = "abcdefghijklmnopqrstuvwxyz_" + digits
)

// isKey reports whether k is words of keyLetters, parted by dots.
func isKey(k string) bool {
	for word := range strings.SplitSeq(k, ".") {
		if word == "" || strings.Trim(word, keyLetters) != "" {
			return false
		}
	}
	return true
}

func isWhole(number string) bool {
	n := strings.TrimPrefix(number, "-")
	return n != "" && len(n) <= maxDigits && strings.Trim(n, digits) == ""
}

// Merge lays layers over one another, the last on top. choices are the keys that
// choose which others their section has, such as "link.kind": a layer that
// chooses another word takes away what lower layers say in that section.
func Merge(choices []string, layers ...Settings) Settings {
	merged := Settings{}
	for _, layer := range layers {
		for _, choice := range choices {
			word, chosen := layer[choice]
			if before, was := merged[choice]; chosen && was && word != before {
				section := choice[:strings.LastIndexByte(choice, '.')+1]
				maps.DeleteFunc(merged, func(key string, _ any) bool { return strings.HasPrefix(key, section) })
			}
		}
		maps.Copy(merged, layer)
	}
	return merged
}

// Change is one key in which two settings differ. A nil value is none.
type Change struct {
	Key string `json:"key"`
	Old any    `json:"old"`
	New any    `json:"new"`
}

// Diff lists what makes one settings into another, by key.
func Diff(from, to Settings) []Change {
	keys := map[string]bool{}
	for k := range from {
		keys[k] = true
	}
	for k := range to {
		keys[k] = true
	}
	var changes []Change
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if from[k] != to[k] {
			changes = append(changes, Change{k, from[k], to[k]})
		}
	}
	return changes
}
