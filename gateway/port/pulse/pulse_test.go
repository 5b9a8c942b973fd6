package pulse

import "testing"

func TestPartsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, part := range Parts() {
		seen[part.String()] = true
	}
	if len(seen) != int(numParts) || seen[""] {
		t.Errorf("names of %d parts: %v", numParts, seen)
	}
}
