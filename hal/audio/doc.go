// Package audio is the sound cards of ALSA.
//
// A card is named, by its ALSA ID or by the USB socket it is plugged into, and
// no other is ever used instead: without it, opening fails with an error that
// wraps hal.ErrGone. Cards that cannot do 48 kHz mono are converted to and from
// by miniaudio. What a card lost or had to make up (an overrun, an underrun) is
// counted and gone on from.
//
// Sound needs cgo. In a binary built without, opening fails with ErrUnsupported.
package audio

import (
	"errors"

	"github.com/talkgate/talkgate/hal"
)

var (
	// ErrUnsupported says that this binary was built without sound.
	ErrUnsupported = errors.New("this talkgate was built without sound cards: expected one built with cgo (CGO_ENABLED=1)")
	// ErrOnce says that oto opened a card in this process before.
	ErrOnce = errors.New("oto opens one card in the life of a process: expected talkgate to be started anew")
)

// Config is one side of a card.
type Config struct {
	// Card is an ALSA card ID ("Device", see /proc/asound/cards), or "usb:" and
	// the USB socket ("usb:1-1.2", see /sys/class/sound/card*/device).
	Card string
	// Device is the PCM device on the card; most have only 0.
	Device int
	// Gain is applied to every sample that is played, in dB; what is too loud is
	// clipped. A microphone is delivered as it is.
	Gain float64
}

// Player is the library that plays.
type Player uint8

const (
	// Malgo plays with miniaudio.
	Malgo Player = iota
	// Oto plays with oto, which opens one card in the life of a process: when it
	// vanished, only another process gets it back.
	Oto
)

// Capture is a card's microphone side.
type Capture interface {
	hal.Capture
	// Xruns is how many overruns there were.
	Xruns() uint64
}

// Playback is a card's loudspeaker side.
type Playback interface {
	hal.Playback
	// Xruns is how many underruns there were.
	Xruns() uint64
}
