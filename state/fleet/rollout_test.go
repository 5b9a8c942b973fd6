package fleet

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"
)

// TestAHoldBeyondAllTime: a hold so long that it wraps around is no short one.
func TestAHoldBeyondAllTime(t *testing.T) {
	for _, seconds := range []int{-1, int(maxHold/time.Second) + 1, math.MaxInt, math.MaxInt/int(time.Second)*2 + 3} {
		if r := (&Rollout{Canaries: 1, HoldSeconds: seconds}); r.validate() == nil {
			t.Errorf("a hold of %d s is %v", seconds, r.Hold())
		}
	}
}

// FuzzRollout wants of any rollout that is accepted: canaries, and a hold that ends.
func FuzzRollout(f *testing.F) {
	f.Add(`{"upto":4294967295,"canaries":1,"hold_seconds":600}`, "north")
	f.Add(`{"canaries":1,"hold_seconds":18446744074}`, "")
	f.Add(`null`, "south")
	f.Fuzz(func(t *testing.T, text, gateway string) {
		var r *Rollout
		if json.Unmarshal([]byte(text), &r) != nil || r.validate() != nil {
			return
		}
		if r == nil {
			if r.Canary(gateway) {
				t.Error("a canary of no rollout")
			}
			return
		}
		if r.Canaries < 1 || r.Hold() < 0 || r.Hold() > maxHold || r.Canary(gateway) != (Cohort(gateway) <= r.Upto) {
			t.Errorf("%+v", r)
		}
	})
}

// FuzzCanaries wants of any share and number of gateways a rollout that passes its own checks.
func FuzzCanaries(f *testing.F) {
	f.Add(uint8(20), 5.0, int64(600))
	f.Add(uint8(1), math.NaN(), int64(-1))
	f.Fuzz(func(t *testing.T, n uint8, percent float64, hold int64) {
		var gateways []string
		for i := range n {
			gateways = append(gateways, fmt.Sprint("gate-", i))
		}
		r, err := Canaries(gateways, percent, time.Duration(hold))
		if err != nil {
			return
		}
		count := 0
		for _, g := range gateways {
			if r.Canary(g) {
				count++
			}
		}
		if err := r.validate(); err != nil || count != r.Canaries {
			t.Errorf("%d of %d gateways are canaries of %+v: %v", count, n, r, err)
		}
	})
}
