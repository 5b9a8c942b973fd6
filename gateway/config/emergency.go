package config

import "time"

// Emergency is how an emergency is called and heard.
type Emergency struct {
	Guard time.Duration `yaml:"guard" within:"2s..10s" doc:"how long hardware.emergency is held to talk to all channels of the event, and again to end that; identity.role has to be DISPATCH"`
	Gain  Decibel       `yaml:"gain" within:"-60 dB..40 dB" doc:"of the loudspeaker while anybody has an emergency, where hardware.sound.speaker.gain is less"`
}
