package config

// Recorder is the flight recorder: the last minutes of sound and events.
type Recorder struct {
	Size      int  `yaml:"size" within:"0..64" doc:"memory of the flight recorder in MiB, see docs/recorder.md for how long that is; 0 is no recorder"`
	Memory    File `yaml:"memory" doc:"file that holds it, on a tmpfs such as /run (runtime:flight is in the directory that talkgate@.service makes for the port): 'talkgate record' reads it while the port runs, and it outlives a crash; empty is memory of the process"`
	Directory File `yaml:"directory" doc:"where a recording is written (state:recordings is in the state directory of talkgate@.service) after a revocation, a lost lease, lost hardware or a crash, and by the button hardware.record; empty writes none"`
	Keep      int  `yaml:"keep" within:"1..1000" doc:"how many recordings are kept in directory; the oldest go"`
}
