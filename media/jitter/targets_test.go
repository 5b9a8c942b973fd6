package jitter

import (
	"fmt"
	"strings"
	"testing"
)

// maxLate is the share of late packets that is bearable.
const maxLate = 0.01

// betterThan compares as the target does: a policy with too many late packets is
// out, among the others the shorter delay wins.
func (o outcome) betterThan(p outcome) bool {
	return o.late <= maxLate && (p.late > maxLate || o.delay < p.delay)
}

func (o outcome) String() string { return fmt.Sprintf("%.1f ms, %.2f %%", o.delay, 100*o.late) }

func TestTargets(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| trace | this buffer | best fixed | ratio | fixed 60 ms | 95th percentile |\n|---|---|---|---|---|---|\n")
	for _, tr := range traces {
		ps := tr.packets(1)
		got, best, sixty, p95 := replay(ps), bestFixed(ps), fixed(ps, 60), percentile95(ps)
		fmt.Fprintf(&table, "| %s | %v | %v | %.2f | %v | %v |\n", tr.name, got, best, got.delay/best.delay, sixty, p95)
		if got.late > maxLate {
			t.Errorf("%s: %v late, want at most 1 %%", tr.name, got)
		}
		if got.delay > 1.2*best.delay {
			t.Errorf("%s: %v, want at most 1.2 times the best fixed delay, %v", tr.name, got, best)
		}
		if !got.betterThan(sixty) {
			t.Errorf("%s: %v is no better than a fixed 60 ms: %v", tr.name, got, sixty)
		}
		if !got.betterThan(p95) {
			t.Errorf("%s: %v is no better than the 95th percentile: %v", tr.name, got, p95)
		}
	}
	t.Log(table.String())
}
