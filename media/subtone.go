package media

import (
	"math"
	"time"
)

// reverseBurst is how long before a transmitter is let go the phase of its tone is
// turned, and turnOff how long its code is replaced by a tone, so that receivers close
// before they hear the noise (TIA-603).
const (
	reverseBurst = 150 * time.Millisecond
	turnOff      = 180 * time.Millisecond
)

// Subtone adds what is below speech to the sound of a transmitter while it is keyed: a
// tone (CTCSS) or a code (DCS). One goroutine uses it; nothing in it allocates.
type Subtone struct {
	amplitude float64
	signal    signal
	burst     int // samples before the end from which signal is told of the end
}

// signal is a waveform whose mean square is 1/2.
type signal interface {
	// restart is called before the first sample.
	restart()
	// next is the next sample; ending says that the transmission ends with a burst.
	next(ending bool) float64
}

// NewSubtone returns a CTCSS tone of hz at a level in dBFS (RMS). Its phase is turned by
// 180 degrees for the last 150 ms of a transmission.
func NewSubtone(hz, level float64) *Subtone {
	return newSubtone(&tone{step: 2 * math.Pi * hz / SampleRate}, level, reverseBurst)
}

// NewDCS returns a code at a level in dBFS (RMS). A tone of 134.4 Hz replaces it for the
// last 180 ms of a transmission.
func NewDCS(code DCSCode, level float64) *Subtone {
	return newSubtone(newCode(code.Word()), level, turnOff)
}

func newSubtone(s signal, level float64, burst time.Duration) *Subtone {
	return &Subtone{amplitude: 32768 * math.Sqrt2 * math.Pow(10, level/20), signal: s, burst: samplesIn(burst)}
}

// Process adds the signal to period, which k has processed last, if the transmitter is
// keyed.
func (s *Subtone) Process(k *Keying, period []int16) {
	if !k.on {
		s.signal.restart()
		return
	}
	ending := k.ends(s.burst)
	for i, x := range period {
		period[i] = limit(int32(x) + int32(s.amplitude*s.signal.next(ending)))
	}
}

type tone struct {
	step, phase float64 // radians
	turned      bool
}

func (t *tone) restart() { t.phase, t.turned = 0, false }

func (t *tone) next(ending bool) float64 {
	if ending != t.turned {
		t.turned = ending
		t.phase += math.Pi
	}
	x := math.Sin(t.phase)
	t.phase = math.Mod(t.phase+t.step, 2*math.Pi)
	return x
}

const (
	// codeStep is how much of a bit a sample lasts.
	codeStep = DCSRate / SampleRate
	// codeEdge is how much of a bit the voltage takes to change: an edge without
	// harmonics in speech.
	codeEdge = 0.6
)

type code struct {
	word   uint32
	at     float64 // bits since the word began
	gain   float64
	turned bool
	tone   tone // the turn-off code
}

func newCode(word uint32) *code {
	c := &code{word: word, gain: 1, tone: tone{step: 2 * math.Pi * DCSRate / SampleRate}}
	var power float64
	const n = 1 << 12
	for i := range n {
		c.at = float64(i) * DCSBits / n
		power += c.level() * c.level() / n
	}
	c.gain = math.Sqrt(0.5 / power)
	c.restart()
	return c
}

func (c *code) restart() {
	c.at, c.turned = 0, false
	c.tone.restart()
}

func (c *code) next(ending bool) float64 {
	if ending != c.turned {
		c.turned = ending
		c.at = 0
		c.tone.restart()
	}
	if ending {
		return c.tone.next(false)
	}
	x := c.gain * c.level()
	if c.at += codeStep; c.at >= DCSBits {
		c.at -= DCSBits
	}
	return x
}

// level is the voltage at the present place in the word, -1 to 1.
func (c *code) level() float64 {
	bit := int(c.at)
	now, before := c.bit(bit), c.bit((bit+DCSBits-1)%DCSBits)
	if edge := (c.at - float64(bit)) / codeEdge; edge < 1 {
		return before + (now-before)*(1-math.Cos(math.Pi*edge))/2
	}
	return now
}

func (c *code) bit(i int) float64 {
	return float64(c.word>>i&1)*2 - 1
}
