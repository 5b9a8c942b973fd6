package fleet

// Board is the computer that a gateway runs on.
type Board struct {
	// Celsius is its temperature; nil where it has no sensor.
	Celsius *float64 `json:"celsius,omitempty"`
	// Throttled is what a Raspberry Pi's firmware says of its power and heat; zero
	// where there is none.
	Throttled Throttled `json:"throttled,omitempty"`
}

// Throttled are the bits of the firmware's get_throttled: 0 to 3 hold now, 16 to
// 19 held at some time since the board was started.
type Throttled uint32

// Bits of what holds now; shifted left by 16, of what once did.
const (
	UnderVoltage  Throttled = 1 << iota // power below 4.63 V
	FrequencyCap                        // the clock is capped
	SlowedDown                          // the clock is throttled
	SoftHeatLimit                       // too warm for full speed
)

// sinceStart is where the bits of what once held begin.
const sinceStart = 16

// Now is what holds now, in words; empty is nothing.
func (t Throttled) Now() []string { return t.words() }

// Once is what held at some time since the board was started, in words.
func (t Throttled) Once() []string { return (t >> sinceStart).words() }

func (t Throttled) words() []string {
	var words []string
	for _, w := range []struct {
		bit  Throttled
		word string
	}{
		{UnderVoltage, "under-voltage"},
		{FrequencyCap, "frequency-capped"},
		{SlowedDown, "throttled"},
		{SoftHeatLimit, "soft-temperature-limit"},
	} {
		if t&w.bit != 0 {
			words = append(words, w.word)
		}
	}
	return words
}
