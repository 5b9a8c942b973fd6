package hal

// Lamps is what a port shows. The zero value is all dark.
type Lamps struct {
	Talk  bool `json:"talk"`  // the floor is ours, the microphone is open
	Busy  bool `json:"busy"`  // somebody else has the floor
	Alert bool `json:"alert"` // denied, revoked or timed out, until release; or the channel server keeps the port out, or has no guard
	Link  bool `json:"link"`  // connected to channel and Redis, and allowed to talk

	Emergency bool `json:"emergency"` // somebody has the floors of all channels of the event
}

// Panel shows lamps. Show is called with the whole new state and only when it
// changed; it may wait for the device.
type Panel interface {
	Show(Lamps) error
	Close() error
}
