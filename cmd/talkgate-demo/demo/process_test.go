package demo

import (
	"testing"
	"time"
)

func TestRunningForReadsTheStartOfTheProcess(t *testing.T) {
	stat := []byte("4711 (a (b) c) S 1 4711 4711 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 9 0 123456 1000 2000")
	got, ok := runningFor(stat, []byte("1240.06 2000.00\n"))
	if !ok || got.Round(time.Millisecond) != 5500*time.Millisecond {
		t.Errorf("%v %v, want 5.5s", got, ok)
	}
	for _, bad := range []string{"", "1 (x) S", "4711 (x) S 1 1 1 0 -1 1 1 2 3 4 5 6 7 8 20 0 9 0 x 1 2"} {
		if d, ok := runningFor([]byte(bad), []byte("1.0 1.0")); ok {
			t.Errorf("%q read as %v", bad, d)
		}
	}
	if resident() < 1 {
		t.Errorf("this process has %.2f MiB in memory", resident())
	}
}
