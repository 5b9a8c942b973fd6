package sim

import (
	"math"
	"strings"

	"github.com/talkgate/talkgate/hal"
)

// Hiss is the white noise of a receiver without a signal, at -12 dBFS RMS.
func Hiss() Source {
	// Evenly spread over ±peak its RMS is 1/√3 of that.
	peak := math.Sqrt(3) * math.Pow(10, -12.0/20) * math.MaxInt16
	return func(index uint64, period []int16) {
		for i := range period {
			x := (index + uint64(i) + 1) * 0x9e3779b97f4a7c15 // splitmix64
			x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
			x = (x ^ x>>27) * 0x94d049bb133111eb
			x ^= x >> 31
			period[i] = int16(peak * (float64(x>>11)/(1<<52) - 1))
		}
	}
}

// dialStep is how long a key is held, and how long the pause after it is: 80 ms.
const dialStep = hal.SampleRate * 8 / 100

// Dial is DTMF (ITU-T Q.23): digits are of 0123456789ABCD*#, 80 ms each with as much
// between them, each of the two tones at -20 dBFS. It begins at sample index from;
// before it and after it there is silence.
func Dial(digits string, from uint64) Source {
	low, high := [...]float64{697, 770, 852, 941}, [...]float64{1209, 1336, 1477, 1633}
	amplitude := math.MaxInt16 * math.Pow(10, -20.0/20)
	return func(index uint64, period []int16) {
		clear(period)
		for i := range period {
			n := index + uint64(i) - from // beyond all digits where that is negative
			key := n / (2 * dialStep)
			if key >= uint64(len(digits)) || n%(2*dialStep) >= dialStep {
				continue
			}
			if k := strings.IndexByte("123A456B789C*0#D", digits[key]); k >= 0 {
				t := 2 * math.Pi * float64(n) / hal.SampleRate
				period[i] = int16(amplitude * (math.Sin(low[k/4]*t) + math.Sin(high[k%4]*t)))
			}
		}
	}
}

// DialTime is how many samples Dial lasts.
func DialTime(digits string) uint64 { return 2 * dialStep * uint64(len(digits)) }
