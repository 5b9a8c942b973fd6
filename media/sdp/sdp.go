// Package sdp reads and writes the session descriptions (RFC 8866) of one stream of Opus
// over ICE, DTLS and SRTP. It is pure: nothing here does I/O or knows of a session.
//
// [ParseOffer] reads what a peer offers and [Offer.Answer] answers it. [Check] judges a
// description that the WebRTC stack is to read. [ParseFragment] and [Offer.Fragment] restart
// ICE (RFC 8840).
package sdp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
)

var (
	// ErrBad says that a session description cannot be used; the error that wraps it
	// says why.
	ErrBad = errors.New("bad session description")
	// ErrNoOpus says that a session description has no audio section that offers Opus
	// at 48 kHz.
	ErrNoOpus = errors.New("session description offers no Opus")
	// ErrUnacceptable says that an offer is well formed, but nothing in it can be
	// accepted; the error that wraps it says why, section by section.
	ErrUnacceptable = errors.New("nothing in the offer can be accepted")
)

const (
	// MaxSize bounds a description, bytes. One of a browser has about 3 KB.
	MaxSize = 64 << 10
	// maxOffered bounds the media sections of an offer.
	maxOffered = 32
	// maxStack bounds those of a description for the WebRTC stack: each costs it a
	// transceiver.
	maxStack = 8
)

// Direction is what the author of a description does (RFC 8866 section 6.7).
type Direction string

// An author sends its voice, or listens to that of others.
const (
	SendOnly Direction = "sendonly"
	RecvOnly Direction = "recvonly"
)

// Opposite is what the other end does.
func (d Direction) Opposite() Direction {
	if d == SendOnly {
		return RecvOnly
	}
	return SendOnly
}

// Check refuses a description that the WebRTC stack should not be bothered with: it takes
// one without Opus, or with the stream in the wrong direction, for success. The error wraps
// ErrBad or ErrNoOpus.
func Check(text string, author Direction) error {
	d, err := parse(text, maxStack)
	if err != nil {
		return err
	}
	for _, m := range d.MediaDescriptions {
		if _, _, ok := opusPayloadType(m); !ok || m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 {
			continue
		}
		if got := directionOf(d, m); got != author && got != "sendrecv" {
			return fmt.Errorf("%w: the audio section is %s, expected %s or sendrecv", ErrBad, got, author)
		}
		return nil
	}
	return ErrNoOpus
}

// parse reads a description of at most that many media sections.
func parse(text string, sections int) (*sdp.SessionDescription, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, expected at most %d", ErrBad, len(text), MaxSize)
	}
	// A last line without its end is common, and harmless.
	text = strings.TrimRight(strings.TrimPrefix(text, "\ufeff"), " \t\r\n\x00") + "\r\n"
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBad, err)
	}
	if n := len(d.MediaDescriptions); n > sections {
		return nil, fmt.Errorf("%w: %d media sections, expected at most %d", ErrBad, n, sections)
	}
	return &d, nil
}

// directionOf is that of a section, or else of the session, or else the default
// of RFC 8866 section 6.7.
func directionOf(d *sdp.SessionDescription, m *sdp.MediaDescription) Direction {
	for _, attributes := range [][]sdp.Attribute{m.Attributes, d.Attributes} {
		for _, a := range attributes {
			switch a.Key {
			case "sendonly", "recvonly", "sendrecv", "inactive":
				return Direction(a.Key)
			}
		}
	}
	return "sendrecv"
}
