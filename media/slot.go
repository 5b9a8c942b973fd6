package media

import "time"

// SlotKind says what a Slot asks of the playout.
type SlotKind uint8

const (
	// Silence: nobody talks, or the next packet is not due yet.
	Silence SlotKind = iota
	// Play: decode Slot.Opus.
	Play
	// Conceal: the packet is lost or late. Decode the in-band FEC of Slot.Opus,
	// which is the packet after it, or conceal when that is nil.
	Conceal
	// Comfort: the talker is in a Pause. Go on with the noise behind the speech.
	Comfort
)

// Slot is what the jitter buffer asks the playout to sound next.
type Slot struct {
	Kind SlotKind
	// First marks the first slot of a talk spurt: forget the decoder's state,
	// it may be somebody else's.
	First bool
	// Lesser is Packet.Lesser of what is to be played.
	Lesser bool
	// Opus is the packet to decode, More those that sound right after it in the same
	// slot: the device gets packets of less than 20 ms together where they have
	// arrived. Both are valid until the next slot is asked for.
	Opus []byte
	More [][]byte
	// Samples is how long to sound. Silence: exactly that many zeros. Conceal and
	// Comfort: exactly that many, a multiple of MinOpusSamples. Play: as long as the
	// packets are, or a wish for time-stretching: at least Samples when it is less,
	// at most Samples when it is more; what Stretch makes of it may lie anywhere
	// between the wish and the packets' own length.
	Samples int
}

// Pull says where a slot will sound: in answer to which request of the device.
type Pull struct {
	// At is when the device asked, by a clock that does not tremble with the
	// scheduling of the goroutine that answers.
	At time.Time
	// Samples is how many the device asked for.
	Samples int
	// Ahead is how many of them sound before the slot.
	Ahead int
}
