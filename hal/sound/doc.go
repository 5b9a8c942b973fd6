// Package sound plays to and captures from sound cards, without C.
//
// A card is named by its ALSA ID or by the USB socket it is plugged into. No
// other card is ever used instead: without it, opening fails with an error that
// wraps hal.ErrGone. The name "default" means what the system plays through.
//
// Cards are driven by the kernel's PCM interface. What a card cannot do is
// converted: formats (S16, S24_3LE, S24, S32, float), channels and rates.
// Overruns, underruns and a suspended machine are counted and recovered from.
// Oto plays through PulseAudio, PipeWire or ALSA's user-space library instead.
package sound

import (
	"errors"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Default is the name of the card that the system plays through.
const Default = "default"

// ErrOnce says that oto opened a card in this process before.
var ErrOnce = errors.New("oto opens one card in the life of a process: start talkgate anew")

// Config is one side of a card.
type Config struct {
	// Card is an ALSA card ID ("Device", see /proc/asound/cards), "usb:" and the
	// USB socket ("usb:1-1.2", see /sys/class/sound/card*/device), or Default.
	Card string
	// Device is the number of the PCM device on the card; most have only 0.
	Device int
	// Gain is applied to every sample that is played, in dB; what is too loud is
	// clipped. A microphone is delivered as it is.
	Gain float64
	// Period is how much sound the card exchanges at once, 5 to 20 ms; 0 is 10 ms.
	// A card may round it up.
	Period time.Duration
}

// String names the side in errors and logs.
func (c Config) String() string { return fmt.Sprintf("sound card %s,%d", c.Card, c.Device) }

// Player is what plays.
type Player uint8

const (
	// ALSA plays through the kernel's PCM interface.
	ALSA Player = iota
	// Oto plays through PulseAudio, PipeWire or ALSA's user-space library. It
	// opens one card in the life of a process.
	Oto
)

// Capture is a card's microphone side.
type Capture interface {
	hal.Capture
	// Xruns counts overruns and other interruptions.
	Xruns() uint64
}

// Playback is a card's loudspeaker side.
type Playback interface {
	hal.Playback
	hal.Gainer
	// Xruns counts underruns and other interruptions.
	Xruns() uint64
}

// duration is how long n samples last.
func duration(n int) time.Duration { return time.Duration(n) * time.Second / hal.SampleRate }
