package media

import "math"

// Tone is a short sound that tells of the floor, or of the link.
type Tone uint8

const (
	// Permit: speak now.
	Permit Tone = iota
	// Deny: you may not talk here.
	Deny
	// Busy: somebody else is talking.
	Busy
	// Revoked: you were cut off.
	Revoked
	// Released: the floor is free again.
	Released
	// Warning: you will be cut off soon.
	Warning
	// LinkUp: the port has its channel.
	LinkUp
	// LinkDown: the port has lost its channel.
	LinkDown
	// Emergency: somebody talks to all channels of the event.
	Emergency
	// Roger: that was all. It is for those who listened.
	Roger

	toneCount = iota
)

// Tones holds the sound of each Tone as 48 kHz samples. Replace an element to
// have another sound, before the first use.
type Tones [toneCount][]int16

// note is a sine, or with hz 0 a pause.
type note struct{ hz, ms float64 }

// NewTones synthesises the tones: rising is yes, falling is no, repeated is wait.
// An element that is set to nil is not sounded.
func NewTones() *Tones {
	return &Tones{
		Permit:    synthesise(note{880, 60}, note{1175, 80}),
		Deny:      synthesise(note{440, 120}, note{330, 220}),
		Busy:      synthesise(note{480, 100}, note{0, 80}, note{480, 100}, note{0, 80}, note{480, 100}),
		Revoked:   synthesise(note{880, 100}, note{660, 100}, note{440, 200}),
		Released:  synthesise(note{660, 60}),
		Warning:   synthesise(note{1000, 50}, note{0, 50}, note{1000, 50}),
		LinkUp:    synthesise(note{523, 70}, note{659, 70}, note{784, 90}),
		LinkDown:  synthesise(note{784, 70}, note{659, 70}, note{523, 90}),
		Emergency: synthesise(note{1100, 80}, note{740, 80}, note{1100, 80}, note{740, 80}, note{1100, 80}, note{740, 80}),

		Roger: synthesise(note{1150, 60}, note{920, 80}),
	}
}

// Gain makes every tone louder by so many decibels, as far as full scale goes.
// Call it before the first use.
func (t *Tones) Gain(decibels float64) {
	factor := math.Pow(10, decibels/20)
	for _, pcm := range t {
		for i, s := range pcm {
			pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, factor*float64(s))))
		}
	}
}

func synthesise(notes ...note) []int16 {
	const (
		amplitude = 6500 // -14 dBFS: clear beside speech, no shock in a headset
		edge      = SampleRate * 8 / 1000
	)
	var pcm []int16
	for _, nt := range notes {
		n := int(nt.ms * SampleRate / 1000)
		for i := range n {
			// A raised-cosine edge keeps the start and the end from clicking.
			gain := 0.5 - 0.5*math.Cos(math.Pi*float64(min(i, n-1-i, edge))/edge)
			pcm = append(pcm, int16(amplitude*gain*math.Sin(2*math.Pi*nt.hz*float64(i)/SampleRate)))
		}
	}
	return pcm
}
