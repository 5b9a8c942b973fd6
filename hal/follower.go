package hal

// Follower is an input whose driver follows it in a loop of its own and counts
// the turns of that loop: one a second or more.
type Follower interface{ Turns() uint64 }

// Followed tells whether an input is still followed. One goroutine uses it.
type Followed struct {
	in       Input
	follower Follower // nil if the driver has no loop
	turns    uint64
}

// NewFollowed looks at in from now on.
func NewFollowed(in Input) Followed {
	follower, _ := in.(Follower)
	return Followed{in: in, follower: follower}
}

// Moves reports whether the driver has made a turn since the last time, and has no
// change of level that it did not deliver: told is what the last edge said.
func (f *Followed) Moves(told bool) bool {
	active, err := f.in.Active()
	if err != nil {
		return false
	}
	if f.follower == nil {
		return active == told
	}
	before := f.turns
	f.turns = f.follower.Turns()
	return active == told && f.turns != before
}
