package config

import "time"

// Ident is the Morse identifier of a transmitter.
type Ident struct {
	Call     string        `yaml:"call" match:"^[A-Z0-9/]*$" as:"capital letters, figures and /" within:"0..16" doc:"call sign sent in Morse code (ITU-R M.1677) by a port with PTT-out; empty is none"`
	Interval time.Duration `yaml:"interval" within:"10s..1h" doc:"it follows the first transmission, and then is sent so often while there are others"`
	WPM      int           `yaml:"wpm" within:"5..40" doc:"speed in words a minute"`
	Pitch    int           `yaml:"pitch" within:"300..3000" doc:"in Hz"`
	Gain     Decibel       `yaml:"gain" within:"-40 dB..12 dB" doc:"makes it louder or softer than speech beside it"`
}

func defaultIdent() Ident {
	return Ident{Interval: 10 * time.Minute, WPM: 20, Pitch: 800}
}
