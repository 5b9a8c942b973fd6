package config

// Tones are the tones a port plays to its own user.
type Tones struct {
	Enabled   bool    `yaml:"enabled" live:"true" doc:"whether any are played"`
	Gain      Decibel `yaml:"gain" live:"true" within:"-40 dB..12 dB" doc:"makes them, and the roger, louder or softer than speech beside them"`
	OnAir     bool    `yaml:"on_air" live:"true" doc:"whether they key a radio's transmitter; a port with PTT-out plays none otherwise"`
	Permit    Tone    `yaml:"permit" doc:"speak now"`
	Deny      Tone    `yaml:"deny" doc:"you may not talk here"`
	Busy      Tone    `yaml:"busy" doc:"somebody else is talking"`
	Revoked   Tone    `yaml:"revoked" doc:"you were cut off"`
	Released  Tone    `yaml:"released" doc:"the floor is free again after you"`
	Warning   Tone    `yaml:"warning" doc:"the time-out timer cuts soon; when is talk.warn"`
	Emergency Tone    `yaml:"emergency" doc:"somebody talks to all channels of the event"`
	LinkUp    Tone    `yaml:"link_up" doc:"the port has its channel"`
	LinkDown  Tone    `yaml:"link_down" doc:"the port has lost its channel"`
}

// Tone is one tone.
type Tone struct {
	Enabled bool `yaml:"enabled" live:"true" doc:"whether it is played"`
	File    File `yaml:"file" live:"true" doc:"WAV to play instead (PCM or float, any rate); empty is the built-in tone"`
}

func defaultTones() Tones {
	on := Tone{Enabled: true}
	return Tones{Enabled: true, Permit: on, Deny: on, Busy: on, Revoked: on, Released: on, Warning: on, Emergency: on}
}
