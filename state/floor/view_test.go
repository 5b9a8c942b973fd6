package floor

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(ms int) time.Time { return time.UnixMilli(int64(ms)) }

func reading(readAt int, ttl time.Duration, user string, epoch uint64) Reading[string] {
	r := Reading[string]{Known: true, At: at(readAt), TTL: ttl, Epoch: epoch}
	if user != "" {
		r.Holder = &user
	}
	return r
}

func newView() *View[string] { return &View[string]{Lease: time.Second} }

func userAt(v *View[string], ms int) string {
	if h := v.HolderAt(at(ms)); h != nil {
		return *h
	}
	return ""
}

func TestViewRunsOut(t *testing.T) {
	for _, tc := range []struct {
		name string
		ttl  time.Duration
		last int // ms after the reading was sent
	}{
		{"with the lock", 300 * time.Millisecond, 299},
		{"with the lease", 30 * time.Second, 999},
		{"a lock without end", -1, 999},
	} {
		v := newView()
		if err := v.Apply(reading(0, tc.ttl, "a", 1)); err != nil {
			t.Fatal(err)
		}
		if userAt(v, tc.last) != "a" || userAt(v, tc.last+1) != "" {
			t.Errorf("%s: holder %q at %d ms, %q after", tc.name, userAt(v, tc.last), tc.last, userAt(v, tc.last+1))
		}
	}
}

func TestViewNeverGoesBack(t *testing.T) {
	v := newView()
	_ = v.Apply(reading(10, time.Second, "a", 5))
	for _, tc := range []struct {
		name    string
		r       Reading[string]
		at      int
		want    string
		refused bool
	}{
		{"a late reading", reading(5, time.Second, "b", 9), 11, "a", false},
		{"an overtaken epoch", reading(20, time.Second, "b", 4), 21, "", true},
		{"the same again, reported once", reading(25, time.Second, "b", 4), 26, "", false},
		{"a lock without epoch", reading(30, time.Second, "server", 0), 31, "server", false},
		{"the newest epoch", reading(40, time.Second, "a", 5), 41, "a", false},
		{"idle", reading(50, -2, "", 0), 51, "", false},
		{"an overtaken epoch after idle", reading(60, time.Second, "b", 3), 61, "", true},
		{"a new grant", reading(70, time.Second, "b", 6), 71, "b", false},
	} {
		if err := v.Apply(tc.r); (err != nil) != tc.refused || userAt(v, tc.at) != tc.want {
			t.Errorf("%s: %v, holder %q, want %q", tc.name, err, userAt(v, tc.at), tc.want)
		}
	}
}

// A lock that somebody wrote by hand shuts nobody out for ever.
func TestViewDoesNotBelieveAnyEpoch(t *testing.T) {
	for _, junk := range []uint64{1 << 63, 1<<53 - 1, uint64((48 * time.Hour).Milliseconds())} {
		v := newView()
		_ = v.Apply(reading(10, time.Second, "x", junk))
		if err := v.Apply(reading(20, time.Second, "a", 5)); err != nil || userAt(v, 21) != "a" {
			t.Errorf("after epoch %d: %v, %q", junk, err, userAt(v, 21))
		}
	}
}

func TestViewOutlivesOneFailedReading(t *testing.T) {
	v := newView()
	_ = v.Apply(reading(0, 3*time.Second, "a", 1))
	_ = v.Apply(Reading[string]{At: at(300)})
	if userAt(v, 999) != "a" || !v.KnownAt(at(999)) {
		t.Error("forgotten before the lease has ended")
	}
	if userAt(v, 1000) != "" || v.KnownAt(at(1000)) {
		t.Error("relied on after the lease has ended")
	}
}

// Whatever is read, in whatever order: no epoch below an accepted one gives the
// floor, and no reading is relied on beyond its lease or the lock's TTL.
func TestViewProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newView()
		var newest uint64
		var last int
		for range rapid.IntRange(1, 30).Draw(t, "readings") {
			ms := rapid.IntRange(0, 5000).Draw(t, "at")
			ttl := time.Duration(rapid.IntRange(-1, 3000).Draw(t, "ttl")) * time.Millisecond
			epoch := rapid.Uint64Range(0, 9).Draw(t, "epoch")
			r := reading(ms, ttl, rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "user"), epoch)
			r.Known = rapid.Bool().Draw(t, "known")
			before := v.Holder()
			_ = v.Apply(r)
			switch {
			case ms < last || !r.Known:
				if v.Holder() != before {
					t.Fatal("a late or failed reading changed the holder")
				}
				continue
			case r.Holder == nil || (epoch != 0 && epoch < newest):
				if v.Holder() != nil {
					t.Fatalf("epoch %d has the floor after %d", epoch, newest)
				}
			default:
				newest = max(newest, epoch)
				bound := r.At.Add(v.Lease)
				if ttl >= 0 && ttl < v.Lease {
					bound = r.At.Add(ttl)
				}
				if v.HolderAt(bound) != nil {
					t.Fatal("relied on beyond its end")
				}
				if bound.After(r.At) && v.HolderAt(r.At) != r.Holder {
					t.Fatal("the newest grant does not have the floor")
				}
			}
			last = ms
		}
	})
}

// TestViewHealsWhenIdle: an epoch from the future, which any writer of the key may set,
// outranks others only until the channel is idle; one of now is kept.
func TestViewHealsWhenIdle(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	reading := func(after time.Duration, holder string, ahead time.Duration) Reading[string] {
		r := Reading[string]{Known: true, At: now.Add(after), TTL: 3 * time.Second, Epoch: uint64(now.Add(ahead).UnixMilli())}
		if holder != "" {
			r.Holder = &holder
		}
		return r
	}
	for _, tc := range []struct {
		ahead  time.Duration // of the first holder's epoch
		idle   bool          // in between
		second bool          // is believed
	}{{23 * time.Hour, false, false}, {23 * time.Hour, true, true}, {2 * time.Second, true, false}} {
		v := View[string]{Lease: time.Second}
		if err := v.Apply(reading(0, "forger", tc.ahead)); err != nil {
			t.Fatal(err)
		}
		if tc.idle {
			_ = v.Apply(reading(time.Second, "", 0))
		}
		_ = v.Apply(reading(2*time.Second, "talker", time.Second))
		if got := v.HolderAt(now.Add(2*time.Second)) != nil; got != tc.second {
			t.Errorf("an epoch %v ahead, idle in between: %v; the next talker is believed: %v", tc.ahead, tc.idle, got)
		}
	}
}
