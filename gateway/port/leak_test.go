package port

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// leakRoom is by how many bytes the heap may have grown where nothing is kept:
// pools and maps that have found their size.
const leakRoom = 256 << 10

// TestNothingIsLeftOfSpurts: after a thousand talk spurts there are no more
// goroutines than before, and no more memory.
func TestNothingIsLeftOfSpurts(t *testing.T) {
	spurts := 1000
	if testing.Short() {
		spurts = 100
	}
	inBubble(t, time.Millisecond, func(w *world) {
		talk := func(n int) {
			for range n {
				w.press()
				w.pass(60 * time.Millisecond)
				w.release()
				w.pass(40 * time.Millisecond)
			}
			w.pass(time.Second)
			if len(w.link.take()) < n {
				t.Fatal("some spurts were not sent")
			}
		}
		talk(20) // whatever is kept once is kept by now
		goroutines, heap := inUse()
		talk(spurts)
		moreGoroutines, moreHeap := inUse()
		t.Logf("goroutines %d, then %d; heap %d, then %d bytes", goroutines, moreGoroutines, heap, moreHeap)
		if moreGoroutines > goroutines || moreHeap > heap+leakRoom {
			t.Errorf("after %d spurts: %d goroutines, were %d; %d bytes of heap, were %d", spurts, moreGoroutines, goroutines, moreHeap, heap)
		}
	})
}

// inUse counts goroutines, and bytes that are reachable, of a bubble at rest.
func inUse() (goroutines int, heap uint64) {
	synctest.Wait()
	runtime.GC()
	runtime.GC() // what the first had to finalize
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}
