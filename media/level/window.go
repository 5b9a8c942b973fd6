package level

// window is the least of the last lookAhead+1 values: those that no later one is
// below, oldest first, in a ring.
type window struct {
	value [lookAhead + 1]int64
	index [lookAhead + 1]uint64 // which value it was
	first int
	n     int
	seen  uint64
}

// add processes the next value and returns the least.
func (w *window) add(v int64) int64 {
	if w.n > 0 && w.index[w.first]+uint64(len(w.value)) <= w.seen {
		w.first = wrap(w.first + 1)
		w.n--
	}
	for w.n > 0 && w.value[wrap(w.first+w.n-1)] >= v {
		w.n--
	}
	last := wrap(w.first + w.n)
	w.value[last], w.index[last] = v, w.seen
	w.n++
	w.seen++
	return w.value[w.first]
}

// same reports whether all values of the window are v, and will be after the next n
// that are v, too: then they are taken in at once.
func (w *window) same(v int64, n int) bool {
	if w.n != 1 || w.value[w.first] != v {
		return false
	}
	w.seen += uint64(n)
	w.index[w.first] = w.seen - 1
	return true
}

func wrap(i int) int {
	if i > lookAhead {
		return i - lookAhead - 1
	}
	return i
}
