// Package hal is the contract between a port and its hardware: lines that are
// read, lines that are driven, lamps, and a sound card.
//
// Drivers live below it, one folder each: hal/sim is a virtual radio, hal/gpio
// kernel lines, hal/sound sound cards. The package knows nothing of channels,
// codecs or Redis.
//
// Sound is 48 kHz, mono, signed 16 bit everywhere in this package; a driver
// whose card differs converts. Times carry Go's monotonic reading.
package hal

import "errors"

// Sound formats shared by every driver.
const (
	// SampleRate is in samples per second and channel.
	SampleRate = 48000
	// PeriodSamples is the preferred size of one exchange with a card: 10 ms.
	PeriodSamples = SampleRate / 100
)

var (
	// ErrGone says that the hardware vanished: a card was unplugged, a chip
	// unbound. The driver has to be opened anew.
	ErrGone = errors.New("hardware is gone")
	// ErrClosed says that the caller itself closed the device.
	ErrClosed = errors.New("device is closed")
)
