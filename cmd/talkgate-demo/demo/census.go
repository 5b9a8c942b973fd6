package demo

import (
	"fmt"
	"runtime"
	"strings"
)

// module is the path that talkgate's own packages begin with.
const module = "github.com/talkgate/talkgate/"

// perFrame is the least rate, in allocations a frame from one place, that counts
// as the audio path's. What is done a few times a second, such as renewing a
// lock, lies below.
const perFrame = 0.25

// allocations runs during and returns what talkgate's own code allocated for
// each of the frames that it says passed, and where. An allocation is talkgate's
// when the innermost caller outside the standard library is.
func allocations(during func() (frames int)) (a Allocs, where []string) {
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 1
	before := census()
	frames := during()
	after := census()
	runtime.MemProfileRate = rate

	count := make(map[stack]int64, len(after))
	for _, r := range after {
		count[r.Stack0] += r.AllocObjects
	}
	for _, r := range before {
		count[r.Stack0] -= r.AllocObjects
	}
	for stack, n := range count {
		each := float64(n) / float64(max(frames, 1))
		own, receiving := place(stack)
		if each < perFrame || own == "" {
			continue
		}
		where = append(where, own)
		if receiving {
			a.RX += each
		} else {
			a.TX += each
		}
	}
	return a, where
}

// stack is as deep as a memory profile's.
type stack [32]uintptr

// census is what was allocated since the process started, by place.
func census() []runtime.MemProfileRecord {
	runtime.GC() // twice, since a profile lags by up to two collections
	runtime.GC()
	for records := make([]runtime.MemProfileRecord, 8192); ; records = make([]runtime.MemProfileRecord, 2*len(records)) {
		if n, ok := runtime.MemProfile(records, true); ok {
			return records[:n]
		}
	}
}

// place names the function of talkgate's that made an allocation, if it is
// talkgate's own, and whether it was made on the way in: from the network to the
// loudspeaker.
func place(s stack) (own string, receiving bool) {
	pcs := s[:]
	for i, pc := range s {
		if pc == 0 {
			pcs = s[:i]
			break
		}
	}
	decided := false
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if !decided && !standard(f.Function) {
			decided = true
			if name, ours := strings.CutPrefix(f.Function, module); ours {
				own = fmt.Sprintf("%s, line %d", name, f.Line)
			}
		}
		for _, way := range []string{".Receive", ".Fill", ".Play", ".Push"} {
			receiving = receiving || strings.HasPrefix(f.Function, module) && strings.HasSuffix(f.Function, way)
		}
		if !more {
			return own, receiving
		}
	}
}

// standard tells whether a function is of the standard library: the first
// element of its package's path is no host name.
func standard(function string) bool {
	first, _, nested := strings.Cut(function, "/")
	return !nested && !strings.HasPrefix(function, "main.") || nested && !strings.Contains(first, ".")
}
