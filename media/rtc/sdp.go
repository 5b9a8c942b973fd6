package rtc

import (
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/talkgate/talkgate/media"
)

const (
	maxSDPBytes    = 64 << 10
	maxSDPSections = 8
)

// role is what the author of a description does.
type role string

const (
	sends   role = "sendonly"
	listens role = "recvonly"
)

// checkSDP refuses what the stack should not be bothered with: every section
// costs it a transceiver, and it takes a description without Opus, or with the
// stream in the wrong direction, for success.
func checkSDP(text string, author role) error {
	if len(text) > maxSDPBytes {
		return fmt.Errorf("%w: %d bytes, want at most %d", ErrBadSDP, len(text), maxSDPBytes)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	if n := len(d.MediaDescriptions); n > maxSDPSections {
		return fmt.Errorf("%w: %d media sections, want one audio section", ErrBadSDP, n)
	}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 || !offersOpus(m) {
			continue
		}
		if got := direction(&d, m); got != string(author) && got != "sendrecv" {
			return fmt.Errorf("%w: the audio section is %s, want %s or sendrecv", ErrBadSDP, got, author)
		}
		return nil
	}
	return ErrNoOpus
}

// direction is that of a section, or else of the session, or else the default
// of RFC 8866 section 6.7.
func direction(d *sdp.SessionDescription, m *sdp.MediaDescription) string {
	for _, attributes := range [][]sdp.Attribute{m.Attributes, d.Attributes} {
		for _, a := range attributes {
			switch a.Key {
			case "sendonly", "recvonly", "sendrecv", "inactive":
				return a.Key
			}
		}
	}
	return "sendrecv"
}

// offersOpus looks for the mapping of RFC 7587 section 7, "opus/48000/2".
func offersOpus(m *sdp.MediaDescription) bool {
	want := fmt.Sprintf("opus/%d/2", media.SampleRate)
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		if _, encoding, ok := strings.Cut(a.Value, " "); ok && strings.EqualFold(strings.TrimSpace(encoding), want) {
			return true
		}
	}
	return false
}
