package media

import "time"

const (
	// MaxOpusSamples is the length of the longest Opus packet, 120 ms (RFC 6716
	// section 3.2.5, rule R5).
	MaxOpusSamples = SampleRate * 120 / 1000
	// MinOpusSamples is that of the shortest, 2.5 ms. Every length is a multiple of it.
	MinOpusSamples = SampleRate / 400
	// MaxOpusPacket is the largest Opus packet we play, in bytes: what an IP packet
	// of 1500 bytes has room for. A packet holds up to 48 frames of MaxOpusFrame bytes.
	MaxOpusPacket = 1500
)

// OpusSamples returns the length of an Opus packet in samples, MinOpusSamples to
// MaxOpusSamples, or 0 for bytes that break a rule of RFC 6716 section 3.4.
func OpusSamples(opus []byte) int {
	if len(opus) == 0 {
		return 0
	}
	samples, rest := opusFrameSamples(opus[0]), opus[1:]
	switch opus[0] & 3 {
	case 0:
		if len(rest) > MaxOpusFrame {
			return 0
		}
		return samples
	case 1:
		if len(rest)%2 != 0 || len(rest)/2 > MaxOpusFrame {
			return 0
		}
		return 2 * samples
	case 2:
		size, n := opusFrameSize(rest)
		if n == 0 || size > len(rest)-n || len(rest)-n-size > MaxOpusFrame {
			return 0
		}
		return 2 * samples
	}
	return samples * opusFrames(rest, MaxOpusSamples/samples)
}

// PacketDuration is OpusSamples as a time. ok is false for what is no Opus packet.
func PacketDuration(opus []byte) (d time.Duration, ok bool) {
	n := OpusSamples(opus)
	return time.Duration(n) * time.Second / SampleRate, n > 0
}

// opusFrameSamples is the length of one frame by the TOC byte (RFC 6716 table 2).
func opusFrameSamples(toc byte) int {
	switch config := toc >> 3; {
	case config < 12 && config&3 == 3: // SILK
		return SampleRate * 60 / 1000
	case config < 12:
		return SampleRate / 100 << (config & 3)
	case config < 16: // hybrid
		return SampleRate / 100 << (config & 1)
	default: // CELT
		return MinOpusSamples << (config & 3)
	}
}

// opusFrames is the number of frames, at most most, in a code 3 packet without its
// TOC byte (RFC 6716 section 3.2.5), or 0 if the packet breaks a rule.
func opusFrames(rest []byte, most int) int {
	if len(rest) == 0 {
		return 0
	}
	variable, padded, frames := rest[0]&0x80 != 0, rest[0]&0x40 != 0, int(rest[0]&0x3f)
	if frames == 0 || frames > most {
		return 0
	}
	rest = rest[1:]
	for padded {
		if len(rest) == 0 {
			return 0
		}
		padding := int(rest[0])
		if padded = padding == 255; padded {
			padding--
		}
		if rest = rest[1:]; padding > len(rest) {
			return 0
		}
		rest = rest[:len(rest)-padding]
	}
	if !variable {
		if len(rest)%frames != 0 || len(rest)/frames > MaxOpusFrame {
			return 0
		}
		return frames
	}
	all := 0
	for range frames - 1 {
		size, n := opusFrameSize(rest)
		if n == 0 {
			return 0
		}
		all, rest = all+size, rest[n:]
	}
	if all > len(rest) || len(rest)-all > MaxOpusFrame {
		return 0
	}
	return frames
}

// opusFrameSize reads the size of a frame and the number of bytes that say it, 1 or 2
// (RFC 6716 section 3.2.1); 0 bytes: it is cut off.
func opusFrameSize(b []byte) (size, n int) {
	switch {
	case len(b) == 0 || b[0] >= 252 && len(b) == 1:
		return 0, 0
	case b[0] < 252:
		return int(b[0]), 1
	default:
		return int(b[0]) + 4*int(b[1]), 2
	}
}
