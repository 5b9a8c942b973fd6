package config

// Microphone is what is done to a microphone's sound before it is sent, in this
// order, after the gain of its card.
type Microphone struct {
	DeEmphasis bool `yaml:"de_emphasis" doc:"-6 dB an octave from 300 to 3000 Hz, for a card that is wired to the discriminator of a receiver; before all that detects or levels. Off for its loudspeaker output"`

	HighPass int  `yaml:"high_pass" live:"true" within:"0..400" doc:"takes away what is below so many Hz: rumble, hum, a radio's CTCSS tone; 0 is off"`
	Gate     Gate `yaml:"gate" doc:"mutes what is softer than speech"`
	AGC      AGC  `yaml:"agc" doc:"brings everybody's speech to one level"`
	Limiter  bool `yaml:"limiter" live:"true" doc:"turns down what gain and agc make too loud, instead of clipping it; it delays by 5ms where one of them amplifies, and does nothing where none does"`
}

// Gate is a noise gate.
type Gate struct {
	Enabled   bool    `yaml:"enabled" live:"true" doc:"whether there is one"`
	Threshold Decibel `yaml:"threshold" live:"true" within:"-90 dB..-10 dB" doc:"peak below full scale from which it opens; it shuts 250ms after the last one that is at most 6 dB below"`
}

// AGC is automatic gain control.
type AGC struct {
	Enabled bool    `yaml:"enabled" live:"true" doc:"whether there is one"`
	Target  Decibel `yaml:"target" live:"true" within:"-40 dB..-6 dB" doc:"level of speech (RMS below full scale) that it aims at"`
	MaxGain Decibel `yaml:"max_gain" live:"true" within:"0 dB..40 dB" doc:"most that it makes louder; what is too soft even so is taken for no speech"`
}

func defaultMicrophone() Microphone {
	return Microphone{
		Gate:    Gate{Threshold: -50},
		AGC:     AGC{Target: -20, MaxGain: 20},
		Limiter: true,
	}
}
