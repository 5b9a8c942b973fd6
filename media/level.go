package media

import (
	"math"
	"sync/atomic"
)

const (
	// LevelFloor is the lowest level in dBFS; silence reads it.
	LevelFloor = -96.0

	// levelWindow is the time constant of RMS in samples (100 ms), levelFall how
	// fast a peak's mark comes down, in dB per second.
	levelWindow = SampleRate / 10
	levelFall   = 20.0
)

// Level meters sound, in dB below full scale (dBFS). One goroutine measures; any
// may read. The zero value has heard silence.
type Level struct {
	square float64 // mean square, full scale 1
	top    float64 // peak amplitude, full scale 1

	rms, peak atomic.Uint64 // float64 bits of how far above LevelFloor
	clipped   atomic.Uint64
}

// Measure takes pcm, the next samples of the sound, into account.
func (l *Level) Measure(pcm []int16) {
	if len(pcm) == 0 {
		return
	}
	var sum int64
	top, clipped := 0, uint64(0)
	for _, s := range pcm {
		v := int(s)
		sum += int64(v * v)
		top = max(top, v, -v)
		if v >= math.MaxInt16 || v <= -math.MaxInt16 {
			clipped++
		}
	}
	if clipped > 0 {
		l.clipped.Add(clipped)
	}
	n := float64(len(pcm))
	const full = 32768
	l.square += (float64(sum)/n/(full*full) - l.square) * -math.Expm1(-n/levelWindow)
	l.top = max(float64(top)/full, l.top*math.Pow(10, -levelFall/20*n/SampleRate))
	l.rms.Store(above(10 * math.Log10(l.square)))
	l.peak.Store(above(20 * math.Log10(l.top)))
}

func above(dB float64) uint64 { return math.Float64bits(max(dB-LevelFloor, 0)) }

// RMS is the mean level of about the last 100 ms in dBFS; a sine of full scale
// reads -3.
func (l *Level) RMS() float64 { return LevelFloor + math.Float64frombits(l.rms.Load()) }

// Peak is the highest level in dBFS, falling by 20 dB a second.
func (l *Level) Peak() float64 { return LevelFloor + math.Float64frombits(l.peak.Load()) }

// Clipped counts the samples at full scale: of those whoever recorded them may
// have cut something off.
func (l *Level) Clipped() uint64 { return l.clipped.Load() }
