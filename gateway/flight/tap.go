package flight

import "github.com/talkgate/talkgate/media"

// Tap records what a port sends and hears. It implements port.Tap.
type Tap struct{ Ring *Ring }

// Sent records a frame that the link was given, and whether it refused it.
func (t Tap) Sent(opus []byte, timestamp uint32, first bool, err error) {
	kind := Sent
	if err != nil {
		kind = Unsent
	}
	head := Frame{Timestamp: timestamp, First: first}.head()
	t.Ring.write(kind, head[:], opus)
}

// Heard records a packet.
func (t Tap) Heard(p media.Packet) {
	head := Frame{Timestamp: p.Timestamp, Seq: p.Seq, First: p.Marker}.head()
	t.Ring.write(Heard, head[:], p.Opus)
}
