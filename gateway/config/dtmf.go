package config

// DTMF lets people at the radio control the port.
type DTMF struct {
	Enabled bool `yaml:"enabled" doc:"whether *CODE1# (tell the state), *CODE2# (lock talking) and *CODE3# (unlock it) are obeyed, dialled into the microphone or over the radio"`
	Access  File `yaml:"access_file" doc:"file of the codes that are obeyed, 4 to 12 figures each, one a line; others cannot read it"`
}
