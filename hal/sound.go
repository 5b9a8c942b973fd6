package hal

import "time"

// Capture is a card's microphone side. The card paces its reader.
type Capture interface {
	// Read blocks until the card has captured len(period) samples, fills
	// period with them and returns when the last of them was captured. It
	// allocates nothing. One goroutine reads.
	//
	// Samples that the card lost (an overrun) are delivered as silence, so
	// that sample count and time stay together. After an error, which wraps
	// ErrGone or ErrClosed, nothing more comes.
	Read(period []int16) (time.Time, error)
	// Close makes a blocked Read return ErrClosed.
	Close() error
}

// Playback is a card's loudspeaker side. The card paces its source.
type Playback interface {
	// Play calls fill from the card's own goroutine whenever the card wants
	// samples; fill writes the whole of period, does not block and does not
	// allocate. Play blocks until Close (ErrClosed) or until the card
	// vanishes (an error that wraps ErrGone).
	Play(fill func(period []int16)) error
	// Latency is how long after fill its first sample is heard.
	Latency() time.Duration
	Close() error
}

// Gainer is a side of a card whose gain can be changed while it runs, from any
// goroutine.
type Gainer interface {
	// SetGain makes it louder or softer by so many decibels than the card is.
	SetGain(decibels float64)
}
