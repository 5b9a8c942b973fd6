package hub

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/talkgate/talkgate/media"
)

// leakRoom is by how many bytes the heap may have grown where nothing is kept: 200
// sessions that were would be 20 MB.
const leakRoom = 1 << 20

// TestNothingIsLeftOfReconnects: after 200 connections of a talker and a listener
// there are no more goroutines than before, and no more memory, on either end.
func TestNothingIsLeftOfReconnects(t *testing.T) {
	s := newSite(t)
	// Several users: how often one may ask is limited.
	connect := func(n int) {
		for k := range n {
			user := fmt.Sprint("user-", k%20)
			var talks, listens string
			p, err := s.port.Publish(t.Context(), s.exchange("whip", user, &talks))
			if err != nil {
				t.Fatal(err)
			}
			l, err := s.port.Subscribe(t.Context(), s.exchange("whep", user, &listens), func(media.Packet) {})
			if err != nil {
				t.Fatal(err)
			}
			_ = p.Close()
			_ = l.Close()
			s.as(user, "DELETE", talks)
			s.as(user, "DELETE", listens)
		}
		eventually(t, "every session is over", func() bool { return s.hub.Sessions() == 0 })
	}
	connect(10) // whatever is kept once is kept by now
	goroutines, heap := 0, uint64(0)
	// What has just ended may still be on its way out.
	inUse := func() bool {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		settled := goroutines == runtime.NumGoroutine() && heap == m.HeapAlloc
		goroutines, heap = runtime.NumGoroutine(), m.HeapAlloc
		return settled
	}
	eventually(t, "rest", inUse)
	before, heapBefore := goroutines, heap
	connect(200)
	eventually(t, "no more goroutines, and no more memory", func() bool {
		inUse()
		return goroutines <= before && heap <= heapBefore+leakRoom
	})
	t.Logf("goroutines %d, then %d; heap %d, then %d bytes", before, goroutines, heapBefore, heap)
}
