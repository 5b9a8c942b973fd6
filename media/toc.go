package media

import "time"

// maxPacket is the longest Opus packet (RFC 6716 section 3.2.5).
const maxPacket = 120 * time.Millisecond

// PacketDuration is how much sound an Opus packet carries by its TOC byte (RFC 6716
// section 3.1) and its frame count: 2.5 to 120 ms. ok is false for what is no Opus
// packet.
func PacketDuration(opus []byte) (d time.Duration, ok bool) {
	if len(opus) == 0 {
		return 0, false
	}
	var frame time.Duration
	switch config := opus[0] >> 3; {
	case config < 12: // SILK
		frame = [4]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16: // hybrid
		frame = [2]time.Duration{10, 20}[config&1] * time.Millisecond
	default: // CELT
		frame = 2500 * time.Microsecond << (config & 3)
	}
	frames := 1
	switch opus[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(opus) < 2 {
			return 0, false
		}
		frames = int(opus[1] & 0x3f)
	}
	d = frame * time.Duration(frames)
	return d, d > 0 && d <= maxPacket
}
