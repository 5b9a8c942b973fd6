package icelite

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/sdp/v3"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// ErrUnacceptable says that an offer is well formed, but nothing in it can be
// accepted; the error that wraps it says why, section by section.
var ErrUnacceptable = errors.New("nothing in the offer can be accepted")

const (
	// MaxOffer bounds an offer, bytes. One of a browser has about 3 KB.
	MaxOffer = 64 << 10
	// maxSections bounds the media sections of an offer.
	maxSections = 32
	// maxMid bounds the name of a section, bytes.
	maxMid = 64
	// RFC 8839 section 5.4.
	minUfrag, minPassword, maxCredential = 4, 22, 256
)

// direction is what the author of an offer does.
type direction string

const (
	sends   direction = "sendonly"
	listens direction = "recvonly"
)

func (d direction) opposite() direction {
	if d == sends {
		return listens
	}
	return sends
}

// credentials are the user fragment and the password of ICE.
type credentials struct{ ufrag, password string }

// check refuses what RFC 8839 section 5.4 does not allow.
func (c credentials) check() error {
	switch {
	case c.ufrag == "" || c.password == "":
		return errors.New("it has no ice-ufrag or no ice-pwd")
	case len(c.ufrag) < minUfrag || len(c.password) < minPassword:
		return fmt.Errorf("its ice-ufrag has fewer than %d characters or its ice-pwd fewer than %d", minUfrag, minPassword)
	case len(c.ufrag) > maxCredential || len(c.password) > maxCredential:
		return fmt.Errorf("its ice-ufrag or ice-pwd has more than %d characters", maxCredential)
	}
	return nil
}

// print is the fingerprint of a certificate (RFC 8122).
type print struct{ algorithm, value string }

// offer is what the server needs of an SDP offer.
type offer struct {
	sections []section
	accepted int // the section that carries the voice
	bundled  bool

	payloadType uint8  // of Opus
	encoding    string // of Opus, as the peer writes it
	redType     uint8  // of RED with Opus in it (RFC 2198); zero is none
	remote      credentials
	prints      []print
	dtlsClient  bool // the peer wants to be the DTLS server
}

// section is a media section as the answer repeats it.
type section struct {
	media, mid string
	protos     string
	formats    string
}

// parseOffer reads an offer of a peer that sends, or listens. It accepts the
// first audio section that can work. The error wraps rtc.ErrBadSDP for what is no
// usable SDP, rtc.ErrNoOpus or ErrUnacceptable for what cannot be accepted.
func parseOffer(text string, author direction) (*offer, error) {
	if len(text) > MaxOffer {
		return nil, fmt.Errorf("%w: %d bytes, expected at most %d", rtc.ErrBadSDP, len(text), MaxOffer)
	}
	// A last line without its end is common, and harmless.
	text = strings.TrimRight(strings.TrimPrefix(text, "\ufeff"), " \t\r\n\x00") + "\r\n"
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", rtc.ErrBadSDP, err)
	}
	if n := len(d.MediaDescriptions); n > maxSections {
		return nil, fmt.Errorf("%w: %d media sections, expected at most %d", rtc.ErrBadSDP, n, maxSections)
	}
	if _, lite := d.Attribute("ice-lite"); lite {
		return nil, fmt.Errorf("%w: both ends are ICE-lite, so neither would send checks (RFC 8445 section 2.5)", ErrUnacceptable)
	}
	o := &offer{accepted: -1}
	mids := map[string]bool{}
	var opus bool
	var reasons []error
	for i, m := range d.MediaDescriptions {
		s := section{media: m.MediaName.Media, protos: strings.Join(m.MediaName.Protos, "/"), formats: strings.Join(m.MediaName.Formats, " ")}
		s.mid, _ = m.Attribute("mid")
		if s.mid != "" && (len(s.mid) > maxMid || strings.ContainsAny(s.mid, " \t") || mids[s.mid]) {
			return nil, fmt.Errorf("%w: a=mid of section %d is too long, no token or used twice", rtc.ErrBadSDP, i)
		}
		mids[s.mid] = true
		o.sections = append(o.sections, s)
		if o.accepted >= 0 || m.MediaName.Media != "audio" {
			continue
		}
		pt, encoding, ok := opusPayloadType(m)
		if !ok {
			continue
		}
		opus = true
		if err := o.accept(&d, m, author); err != nil {
			reasons = append(reasons, fmt.Errorf("section %d: %w", i, err))
			continue
		}
		o.accepted, o.payloadType, o.encoding, o.redType = i, pt, encoding, redPayloadType(m, pt)
	}
	switch {
	case o.accepted >= 0:
		return o, nil
	case !opus:
		return nil, rtc.ErrNoOpus
	}
	return nil, fmt.Errorf("%w: %w", ErrUnacceptable, errors.Join(reasons...))
}

// accept reads the transport of an audio section, and says why it can't work.
func (o *offer) accept(d *sdp.SessionDescription, m *sdp.MediaDescription, author direction) error {
	mid, _ := m.Attribute("mid")
	first, bundled := bundleOf(d, mid)
	_, bundleOnly := m.Attribute("bundle-only")
	if m.MediaName.Port.Value == 0 && (!bundleOnly || !bundled) {
		return errors.New("its port is 0, which rejects it")
	}
	if !slices.Contains(m.MediaName.Protos, "SAVPF") && !slices.Contains(m.MediaName.Protos, "SAVP") {
		return fmt.Errorf("it is %s, expected UDP/TLS/RTP/SAVPF: voice is sent encrypted only", strings.Join(m.MediaName.Protos, "/"))
	}
	if got := directionOf(d, m); got != string(author) && got != "sendrecv" {
		return fmt.Errorf("it is %s, expected %s or sendrecv", got, author)
	}
	// The transport of a bundle may be told by its first section alone (RFC 9143
	// section 7.1).
	levels := [][]sdp.Attribute{m.Attributes, d.Attributes}
	if bundled && first != nil {
		levels = append(levels, first.Attributes)
	}
	find := func(key string) string {
		for _, attributes := range levels {
			for _, a := range attributes {
				if a.Key == key {
					return a.Value
				}
			}
		}
		return ""
	}
	if !has(m.Attributes, "rtcp-mux") && !has(m.Attributes, "rtcp-mux-only") && (!bundled || !has(first.Attributes, "rtcp-mux")) {
		return errors.New("it has no rtcp-mux, without which RTCP would need a second port (RFC 9725 section 4.4)")
	}
	remote := credentials{find("ice-ufrag"), find("ice-pwd")}
	if err := remote.check(); err != nil {
		return err
	}
	prints, err := printsOf(levels)
	if err != nil {
		return err
	}
	switch setup := find("setup"); setup {
	case "", "actpass", "active":
		o.dtlsClient = false
	case "passive":
		o.dtlsClient = true
	default:
		return fmt.Errorf("it has a=setup:%.20s, expected actpass, active or passive (RFC 8842 section 5.1)", setup)
	}
	o.remote, o.prints, o.bundled = remote, prints, bundled
	return nil
}

// bundleOf returns the first section of the bundle that mid is in.
func bundleOf(d *sdp.SessionDescription, mid string) (first *sdp.MediaDescription, bundled bool) {
	if mid == "" {
		return nil, false
	}
	for _, a := range d.Attributes {
		if a.Key != "group" {
			continue
		}
		fields := strings.Fields(a.Value)
		if len(fields) < 2 || fields[0] != "BUNDLE" || !slices.Contains(fields[1:], mid) {
			continue
		}
		for _, m := range d.MediaDescriptions {
			if other, _ := m.Attribute("mid"); other == fields[1] {
				return m, true
			}
		}
	}
	return nil, false
}

// printsOf returns the fingerprints of the innermost level that has any. Each
// hash that we don't know is passed over, as long as one is known.
func printsOf(levels [][]sdp.Attribute) ([]print, error) {
	var unknown string
	for _, attributes := range levels {
		var prints []print
		for _, a := range attributes {
			if a.Key != "fingerprint" {
				continue
			}
			algorithm, value, ok := strings.Cut(a.Value, " ")
			if !ok || len(prints) == 8 {
				continue
			}
			if _, err := fingerprint.HashFromString(strings.ToLower(algorithm)); err != nil {
				unknown = algorithm
				continue
			}
			prints = append(prints, print{strings.ToLower(algorithm), strings.TrimSpace(value)})
		}
		if len(prints) > 0 {
			return prints, nil
		}
	}
	if unknown != "" {
		return nil, fmt.Errorf("its fingerprint is of the hash %.20q, expected sha-256", unknown)
	}
	return nil, errors.New("it has no fingerprint of a certificate, so it does not speak DTLS-SRTP (RFC 8122)")
}

// directionOf is that of a section, or else of the session, or else the default
// of RFC 8866 section 6.7.
func directionOf(d *sdp.SessionDescription, m *sdp.MediaDescription) string {
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

// opusPayloadType finds the first mapping of RFC 7587 section 7, "opus/48000/2",
// whose payload type the section lists. GStreamer's webrtcbin leaves the "/2" out, which
// says the same: Opus is what it is.
func opusPayloadType(m *sdp.MediaDescription) (pt uint8, encoding string, ok bool) {
	full := fmt.Sprintf("opus/%d", media.SampleRate)
	for _, encoding := range []string{full + "/2", full} {
		for pt := range payloadTypes(m, encoding) {
			return pt, encoding, true
		}
	}
	return 0, "", false
}

// redPayloadType finds RED of a payload type alone, as in "a=fmtp:63 111/111" (RFC 2198
// section 5), or 0.
func redPayloadType(m *sdp.MediaDescription, opus uint8) uint8 {
	for pt := range payloadTypes(m, fmt.Sprintf("red/%d/2", media.SampleRate)) {
		for _, a := range m.Attributes {
			number, types, ok := strings.Cut(strings.TrimSpace(a.Value), " ")
			if a.Key != "fmtp" || !ok || number != strconv.Itoa(int(pt)) {
				continue
			}
			blocks := strings.Split(strings.TrimSpace(types), "/")
			if len(blocks) >= 2 && !slices.ContainsFunc(blocks, func(b string) bool { return b != strconv.Itoa(int(opus)) }) {
				return pt
			}
		}
	}
	return 0
}

// payloadTypes are those that a section lists and maps to an encoding.
func payloadTypes(m *sdp.MediaDescription, encoding string) iter.Seq[uint8] {
	return func(yield func(uint8) bool) {
		for _, a := range m.Attributes {
			if a.Key != "rtpmap" {
				continue
			}
			number, mapped, ok := strings.Cut(strings.TrimSpace(a.Value), " ")
			if !ok || !strings.EqualFold(strings.TrimSpace(mapped), encoding) || !slices.Contains(m.MediaName.Formats, number) {
				continue
			}
			// 64 to 95 can't be told from RTCP on one port (RFC 5761 section 4).
			pt, err := strconv.ParseUint(number, 10, 8)
			if err == nil && pt < 128 && (pt < 64 || pt > 95) && !yield(uint8(pt)) {
				return
			}
		}
	}
}

func has(attributes []sdp.Attribute, key string) bool {
	return slices.ContainsFunc(attributes, func(a sdp.Attribute) bool { return a.Key == key })
}
