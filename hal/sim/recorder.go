package sim

import (
	"sync"
	"time"
)

// Recorder keeps the last samples that a loudspeaker played, each with its
// time. It is used as a loudspeaker's Tap, and read from anywhere.
type Recorder struct {
	mu    sync.Mutex
	ring  []int16
	end   uint64    // samples recorded so far
	endAt time.Time // when the last of them ended
}

// NewRecorder returns a recorder that remembers length.
func NewRecorder(length time.Duration) *Recorder {
	return &Recorder{ring: make([]int16, samples(length))}
}

// Tap is a Tap that records.
func (r *Recorder) Tap(at time.Time, period []int16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range period {
		r.ring[r.end%uint64(len(r.ring))] = v
		r.end++
	}
	r.endAt = at.Add(duration(uint64(len(period))))
}

// Since returns what was heard from t on, and when its first sample was heard:
// at t, or later where t is forgotten already.
func (r *Recorder) Since(t time.Time) ([]int16, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := min(r.end, uint64(len(r.ring)))
	n := min(samples(r.endAt.Sub(t)), kept)
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = r.ring[(r.end-n+uint64(i))%uint64(len(r.ring))]
	}
	return pcm, r.endAt.Add(-duration(n))
}
