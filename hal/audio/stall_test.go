package audio

import "testing"

func TestStallIsLooksInARow(t *testing.T) {
	var s stall
	calls := uint64(0)
	for range 100 {
		for range stallLooks - 1 {
			if s.look(calls) {
				t.Fatal("a card that moves stands still")
			}
		}
		calls += 3
		if s.look(calls) {
			t.Fatal("a call counts for nothing")
		}
	}
	for i := range stallLooks {
		if got, want := s.look(calls), i == stallLooks-1; got != want {
			t.Errorf("look %d: %v", i, got)
		}
	}
}
