package media

const (
	// knee is where limiting begins, 1.9 dB below full scale; up to it samples
	// pass as they are.
	knee = 26214
	// room is what is left above the knee for all louder samples.
	room = 32767 - knee
)

// limit fits a sum of samples into 16 bit, bent smoothly instead of clipped.
func limit(x int32) int16 {
	switch {
	case x > knee:
		return int16(knee + bend(int64(x)-knee))
	case x < -knee:
		return int16(-knee - bend(-int64(x)-knee))
	}
	return int16(x)
}

// bend starts with slope 1 and never reaches room.
func bend(over int64) int64 { return over * room / (over + room) }
