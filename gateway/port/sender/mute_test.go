package sender

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestMuteIsWhatLiesBetween: and of what is cut twice in a row, the rest too.
func TestMuteIsWhatLiesBetween(t *testing.T) {
	var m mute
	heard := func(from uint64, n int) string {
		pcm := slices.Repeat([]int16{1}, n)
		m.apply(from, pcm)
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(pcm), " ", ""), "[]")
	}
	m.begin(103)
	if got := heard(100, 6); got != "111000" {
		t.Errorf("from 103 on: %s", got)
	}
	m.end(105)
	if got := heard(100, 8); got != "11100111" {
		t.Errorf("from 103 to 105: %s", got)
	}
	m.begin(110)
	m.end(112)
	if got := heard(100, 14); got != "11100000000011" {
		t.Errorf("twice in a row: %s", got)
	}
	m.begin(10_000)
	if got := heard(100, 14); got != "11111111111111" {
		t.Errorf("long after: %s", got)
	}
}
