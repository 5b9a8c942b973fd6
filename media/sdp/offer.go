package sdp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/sdp/v3"
)

// maxMid bounds the name of a section, bytes.
const maxMid = 64

// Print is the fingerprint of a certificate (RFC 8122). Algorithm is in lower case.
type Print struct{ Algorithm, Value string }

// Offer is what an answering end needs of an SDP offer.
type Offer struct {
	PayloadType uint8  // of Opus
	REDType     uint8  // of RED with Opus in it (RFC 2198); zero is none
	SSRC        uint32 // of the stream that the peer sends; zero where it says none
	Remote      Credentials
	Prints      []Print
	DTLSClient  bool // the peer wants to be the DTLS server

	author   Direction
	encoding string // of Opus, as the peer writes it
	sections []section
	accepted int // the section that carries the voice
	bundled  bool
}

// Print is the fingerprint of that algorithm, in upper case as RFC 8122 section 5 writes it,
// or "".
func (o *Offer) Print(algorithm string) string {
	for _, p := range o.Prints {
		if p.Algorithm == algorithm {
			return strings.ToUpper(p.Value)
		}
	}
	return ""
}

// section is a media section as the answer repeats it.
type section struct {
	media, mid string
	protos     string
	formats    string
}

// ParseOffer reads an offer of a peer that sends, or listens. It accepts the first audio
// section that can work. The error wraps ErrBad for what is no usable SDP, ErrNoOpus or
// ErrUnacceptable for what cannot be accepted.
func ParseOffer(text string, author Direction) (*Offer, error) {
	d, err := parse(text, maxOffered)
	if err != nil {
		return nil, err
	}
	if _, lite := d.Attribute("ice-lite"); lite {
		return nil, fmt.Errorf("%w: both ends are ICE-lite, so neither would send checks (RFC 8445 section 2.5)", ErrUnacceptable)
	}
	o := &Offer{author: author, accepted: -1}
	mids := map[string]bool{}
	var opus bool
	var reasons []error
	for i, m := range d.MediaDescriptions {
		s := section{media: m.MediaName.Media, protos: strings.Join(m.MediaName.Protos, "/"), formats: strings.Join(m.MediaName.Formats, " ")}
		s.mid, _ = m.Attribute("mid")
		if s.mid != "" && (len(s.mid) > maxMid || strings.ContainsAny(s.mid, " \t") || mids[s.mid]) {
			return nil, fmt.Errorf("%w: a=mid of section %d is too long, no token or used twice", ErrBad, i)
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
		if err := o.accept(d, m); err != nil {
			reasons = append(reasons, fmt.Errorf("section %d: %w", i, err))
			continue
		}
		o.accepted, o.PayloadType, o.encoding, o.REDType, o.SSRC = i, pt, encoding, redPayloadType(m, pt), ssrcOf(m)
	}
	switch {
	case o.accepted >= 0:
		return o, nil
	case !opus:
		return nil, ErrNoOpus
	}
	return nil, fmt.Errorf("%w: %w", ErrUnacceptable, errors.Join(reasons...))
}

// accept reads the transport of an audio section, and says why it can't work.
func (o *Offer) accept(d *sdp.SessionDescription, m *sdp.MediaDescription) error {
	mid, _ := m.Attribute("mid")
	first, bundled := bundleOf(d, mid)
	_, bundleOnly := m.Attribute("bundle-only")
	if m.MediaName.Port.Value == 0 && (!bundleOnly || !bundled) {
		return errors.New("its port is 0, which rejects it")
	}
	if !slices.Contains(m.MediaName.Protos, "SAVPF") && !slices.Contains(m.MediaName.Protos, "SAVP") {
		return fmt.Errorf("it is %s, expected UDP/TLS/RTP/SAVPF: voice is sent encrypted only", strings.Join(m.MediaName.Protos, "/"))
	}
	if got := directionOf(d, m); got != o.author && got != "sendrecv" {
		return fmt.Errorf("it is %s, expected %s or sendrecv", got, o.author)
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
	remote := Credentials{find("ice-ufrag"), find("ice-pwd")}
	if err := remote.check(); err != nil {
		return err
	}
	prints, err := printsOf(levels)
	if err != nil {
		return err
	}
	switch setup := find("setup"); setup {
	case "", "actpass", "active":
		o.DTLSClient = false
	case "passive":
		o.DTLSClient = true
	default:
		return fmt.Errorf("it has a=setup:%.20s, expected actpass, active or passive (RFC 8842 section 5.1)", setup)
	}
	o.Remote, o.Prints, o.bundled = remote, prints, bundled
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
func printsOf(levels [][]sdp.Attribute) ([]Print, error) {
	var unknown string
	for _, attributes := range levels {
		var prints []Print
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
			prints = append(prints, Print{strings.ToLower(algorithm), strings.TrimSpace(value)})
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

func has(attributes []sdp.Attribute, key string) bool {
	return slices.ContainsFunc(attributes, func(a sdp.Attribute) bool { return a.Key == key })
}

// ssrcOf is that of the first source that a section names, or 0 (RFC 5576 section 4.1).
func ssrcOf(m *sdp.MediaDescription) uint32 {
	value, _ := m.Attribute("ssrc")
	id, _, _ := strings.Cut(value, " ")
	ssrc, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(ssrc)
}
