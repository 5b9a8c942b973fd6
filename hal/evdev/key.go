package evdev

import (
	"fmt"
	"strconv"
	"strings"

	codes "github.com/holoplot/go-evdev"
)

// keyCount is how many keys a device can have (KEY_CNT).
const keyCount = codes.KEY_CNT

// parseKey converts the name or the number of a key to its code.
func parseKey(name string) (uint16, error) {
	if code, ok := codes.KEYFromString[name]; ok && code != codes.KEY_RESERVED {
		return uint16(code), nil
	}
	n, err := strconv.ParseUint(name, 10, 16)
	if err != nil || n == 0 || n >= keyCount {
		return 0, fmt.Errorf("expected a key such as KEY_F13 or BTN_LEFT, or its number from 1 to %d, found %q", keyCount-1, name)
	}
	return uint16(n), nil
}

// KeyName is the name of a key, or its number if it has none.
func KeyName(code uint16) string {
	if name, ok := codes.KEYToString[codes.EvCode(code)]; ok {
		return name
	}
	return strconv.Itoa(int(code))
}

// keySet is a set of keys.
type keySet [(keyCount + 7) / 8]byte

func (s *keySet) has(code uint16) bool { return int(code) < keyCount && s[code/8]&(1<<(code%8)) != 0 }

func (s *keySet) set(code uint16, is bool) {
	switch {
	case int(code) >= keyCount:
	case is:
		s[code/8] |= 1 << (code % 8)
	default:
		s[code/8] &^= 1 << (code % 8)
	}
}

// codes lists the keys in order.
func (s *keySet) codes() (all []uint16) {
	for code := range uint16(keyCount) {
		if s.has(code) {
			all = append(all, code)
		}
	}
	return all
}

// parseCapabilities reads a set of keys as sysfs has it: hexadecimal words of the
// given size in bits, divided by blanks, the most significant first.
func parseCapabilities(text string, bits int) (s keySet, err error) {
	words := strings.Fields(text)
	for i, word := range words {
		value, err := strconv.ParseUint(word, 16, bits)
		if err != nil {
			return keySet{}, fmt.Errorf("capabilities: %w", err)
		}
		base := (len(words) - 1 - i) * bits
		for bit := range bits {
			if code := base + bit; value&(1<<bit) != 0 && code < keyCount {
				s.set(uint16(code), true)
			}
		}
	}
	return s, nil
}
