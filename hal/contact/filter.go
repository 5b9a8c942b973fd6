package contact

import "time"

// Filter turns the edges of a contact, as the kernel stamped them, into the
// edges that somebody meant. It knows no clock: times are those of the edges
// and of Settle, on any one monotonic clock.
//
// A contact that bounces is debounced after its first edge: that edge counts at
// once, and what follows within Debounce counts only if it lasts. A line that
// picks up noise is filtered before: with Glitch, a level counts once it has
// lasted that long, and then from its first instant. Glitch delays every edge;
// Debounce delays none that is meant.
//
// The zero value passes every edge of a line that starts inactive.
type Filter struct {
	Debounce, Glitch time.Duration

	level  bool          // as passed on
	raw    bool          // as last seen
	since  time.Duration // when raw last changed
	locked time.Duration // until when the bounce of the last edge is ignored
}

// Start sets the level at the start, which is not passed on.
func (f *Filter) Start(active bool) { f.level, f.raw = active, active }

// Level is the level as passed on.
func (f *Filter) Level() bool { return f.level }

// Edge processes what the kernel saw at a time. ok is true if the level passed on
// changes with it; at is then when.
func (f *Filter) Edge(active bool, at time.Duration) (level bool, when time.Duration, ok bool) {
	// Whatever lasted until now may have come to count meanwhile.
	level, when, ok = f.Settle(at)
	if active != f.raw {
		f.raw, f.since = active, at
	}
	if ok {
		return level, when, ok
	}
	return f.Settle(at)
}

// Settle lets time pass until now. ok is true if a level has come to count; when
// is since when it lasts.
func (f *Filter) Settle(now time.Duration) (level bool, when time.Duration, ok bool) {
	if due, waiting := f.Due(); !waiting || now < due {
		return false, 0, false
	}
	f.level = f.raw
	f.locked = max(f.since, f.locked) + f.Debounce
	return f.level, f.since, true
}

// Due is when Settle is to be called if no edge comes before; ok is false when
// nothing is pending.
func (f *Filter) Due() (at time.Duration, ok bool) {
	if f.raw == f.level {
		return 0, false
	}
	return max(f.since+f.Glitch, f.locked), true
}
