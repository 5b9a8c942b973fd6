package demo

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// radio is something whose methods allocate, or not, per frame.
type radio struct{ kept [][]byte }

//go:noinline
func (r *radio) Receive() { r.kept = append(r.kept[:0], make([]byte, 64), make([]byte, 64)) }

//go:noinline
func (r *radio) Send() { r.kept = append(r.kept[:0], make([]byte, 64)) }

func TestAllocationsAreFoundAndAttributed(t *testing.T) {
	r := &radio{kept: make([][]byte, 0, 2)}
	run := func(send, receive int) Allocs {
		found, where := allocations(func() int {
			for k := range 200 {
				if k < send {
					r.Send()
				}
				if k < receive {
					r.Receive()
				}
			}
			return 200
		})
		if named := slices.ContainsFunc(where, func(s string) bool { return strings.Contains(s, ".(*radio).") }); named != (found != Allocs{}) {
			t.Errorf("%v, in %q", found, where)
		}
		return found
	}
	if got := run(0, 0); got != (Allocs{}) {
		t.Errorf("nothing allocates, found %v", got)
	}
	if got := run(200, 200); math.Abs(got.TX-1) > 0.01 || math.Abs(got.RX-2) > 0.01 {
		t.Errorf("1 and 2 allocations a frame, found %v", got)
	}
	if got := run(20, 20); got != (Allocs{}) {
		t.Errorf("an allocation every tenth frame is not per frame, found %v", got)
	}
}
