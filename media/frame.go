// Package media is the audio path: frames, Opus, pre-roll, playout, tones and
// levels.
//
// Sound is 48 kHz, mono, int16, in frames of 20 ms. What runs per frame
// allocates nothing, logs nothing, and takes no lock.
package media

import "time"

const (
	// SampleRate is in samples per second; it is also the RTP clock rate of
	// Opus (RFC 7587 section 4.1).
	SampleRate = 48000
	// FrameDuration is the length of one frame.
	FrameDuration = 20 * time.Millisecond
	// FrameSamples is the number of samples in one frame.
	FrameSamples = 960
	// PauseGap is the longest time without a packet of a talker who is in a Pause,
	// late ones and all: Opus refreshes one each 420 ms.
	PauseGap = 600 * time.Millisecond
	// MaxOpusFrame is the largest Opus frame in bytes (RFC 6716 section 3.2.1);
	// a buffer of it holds whatever the encoder makes of 20 ms.
	MaxOpusFrame = 1275
)

// SamplesTime is how long n samples last.
func SamplesTime(n int) time.Duration { return time.Duration(n) * time.Second / SampleRate }

// Pause reports whether an Opus packet says no more than that nothing is said: of at
// most two bytes, it need not be sent (opus_encode of libopus; RFC 7587 section 3.1.3).
// The first of several is sent all the same, as that tells a pause from a loss.
func Pause(opus []byte) bool { return len(opus) <= 2 }

// Packet is one received RTP packet of Opus, reduced to what playout needs.
type Packet struct {
	// Seq and Timestamp are those of RTP (RFC 3550 section 5.1); Timestamp
	// counts samples.
	Seq       uint16
	Timestamp uint32
	// Marker is set on the first packet of a talk spurt (RFC 3551 section 4.1).
	Marker bool
	// Arrived is when the packet was read from the network.
	Arrived time.Time
	// Channel is where it was heard, 0 for the channel that is talked on, then the
	// monitored ones, the most important first.
	Channel int
	// Voice tells voices apart that sound at once, 0 or 1. Lesser says of one that
	// a more important one sounds, too.
	Voice  int
	Lesser bool
	// Opus is the payload, bytes. Whoever is handed a Packet copies it before
	// returning if it is kept.
	Opus []byte
}
