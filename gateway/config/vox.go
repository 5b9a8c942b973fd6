package config

import "time"

// VOX lets the microphone itself ask for the floor.
type VOX struct {
	Enabled   bool          `yaml:"enabled" doc:"whether speech talks, as an open COR does; not beside hardware.cor"`
	Threshold Decibel       `yaml:"threshold" within:"6 dB..40 dB" doc:"by how much speech is above the noise floor, which is followed"`
	Attack    time.Duration `yaml:"attack" within:"10ms..300ms" doc:"how long speech has to last to count; none of it is lost"`
	PreRoll   time.Duration `yaml:"pre_roll" within:"0s..300ms" doc:"what is sent from before its first loud sound"`
	Hang      time.Duration `yaml:"hang" within:"100ms..5s" doc:"how long it talks on after the last sound"`
	AntiTrip  Decibel       `yaml:"anti_trip" within:"0 dB..60 dB" doc:"by how much softer than it is given the microphone hears the loudspeaker; what is not louder than that is no speech"`
}

func defaultVOX() VOX {
	return VOX{Threshold: 12, Attack: 50 * time.Millisecond, PreRoll: 100 * time.Millisecond, Hang: 800 * time.Millisecond}
}

// heard reports whether the microphone talks by itself.
func (t Talk) heard() bool { return t.VOX.Enabled || t.CTCSS != "off" || t.DCS != "off" }
