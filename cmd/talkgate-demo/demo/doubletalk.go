package demo

// doubleTalk counts the frames of two members of a channel that overlap: those
// sent between the first and the last frame of a talk spurt of the other, and
// those heard after another spurt had begun.
func doubleTalk(a, b, heard []packet) int {
	return overlaps(a, b) + overlaps(b, a) + interleaved(a, b, heard)
}

// overlaps counts the frames of a that were sent in the midst of a talk spurt of
// b. Both are in order of time.
func overlaps(a, b []packet) int {
	count, next := 0, 0
	for _, frame := range a {
		for next < len(b) && !b[next].began.After(frame.began) {
			next++
		}
		// b[next-1] was sent before the frame and b[next] after it: if they
		// are of one spurt, the frame is in its midst.
		if next > 0 && next < len(b) && !b[next].first {
			count++
		}
	}
	return count
}

// interleaved counts the frames that were heard although a later talk spurt had
// been heard already. A frame that is not unlike all others, such as the silence
// after a release, tells nothing.
func interleaved(a, b, heard []packet) int {
	type spurt struct {
		sender string
		number int
	}
	of := make(map[uint64]spurt, len(a)+len(b))
	number := func(sender string, packets []packet) {
		n := 0
		for _, s := range packets {
			if s.first {
				n++
			}
			if _, ambiguous := of[s.print]; ambiguous {
				of[s.print] = spurt{}
				continue
			}
			of[s.print] = spurt{sender, n}
		}
	}
	number("a", a)
	number("b", b)
	over := map[spurt]bool{}
	var now spurt
	count := 0
	for _, h := range heard {
		s := of[h.print]
		switch {
		case s == spurt{} || s == now:
		case over[s]:
			count++
		default:
			over[now] = true
			now = s
		}
	}
	return count
}
