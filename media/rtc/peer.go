package rtc

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Peer is a transport of a server that speaks no SDP but tells its parameters:
// ICE-lite, one audio stream or many over one transport.
type Peer struct {
	// UsernameFragment and Password are those of ICE (RFC 8445).
	UsernameFragment, Password string
	// Candidates are where the server hears UDP.
	Candidates []Candidate
	// Algorithm and Fingerprint are of the server's certificate, for example
	// "sha-256" (RFC 8122).
	Algorithm, Fingerprint string
}

// Candidate is one UDP host candidate.
type Candidate struct {
	Foundation string
	Priority   uint32
	Address    string
	Port       uint16
}

// Offered is what a server without SDP wants to know of an offer.
type Offered struct {
	// Fingerprint is of our certificate, SHA-256, in upper case as RFC 8122
	// writes it.
	Fingerprint string
	// SSRC is of the stream we send; zero if we only listen.
	SSRC uint32
	// PayloadType is that of Opus.
	PayloadType uint8
}

// ReadOffer finds in an offer of ours what Offered lists.
func ReadOffer(offer string) (Offered, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(offer); err != nil {
		return Offered{}, fmt.Errorf("%w: %w", ErrBadSDP, err)
	}
	o := Offered{PayloadType: opusPayloadType}
	sections := [][]sdp.Attribute{d.Attributes}
	for _, m := range d.MediaDescriptions {
		sections = append(sections, m.Attributes)
	}
	for _, attributes := range sections {
		for _, a := range attributes {
			switch a.Key {
			case "fingerprint":
				if sum, ok := strings.CutPrefix(a.Value, "sha-256 "); ok {
					o.Fingerprint = strings.ToUpper(sum)
				}
			case "ssrc":
				id, _, _ := strings.Cut(a.Value, " ")
				ssrc, err := strconv.ParseUint(id, 10, 32)
				if err != nil {
					return Offered{}, fmt.Errorf("%w: ssrc %q", ErrBadSDP, id)
				}
				o.SSRC = uint32(ssrc)
			}
		}
	}
	if o.Fingerprint == "" {
		return Offered{}, fmt.Errorf("%w: no SHA-256 fingerprint", ErrBadSDP)
	}
	return o, nil
}

// Answer is the answer that the peer would give if it spoke SDP, to an offer to
// send it a stream or, if sends, to hear what it sends. The peer is the DTLS
// server, so we are the client.
func (p Peer) Answer(offer string, peerSends bool) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(offer); err != nil || len(d.MediaDescriptions) != 1 {
		return "", fmt.Errorf("%w: want one media section", ErrBadSDP)
	}
	author := listens
	if peerSends {
		author = sends
	}
	mid, _ := d.MediaDescriptions[0].Attribute("mid")
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\r\n", a...) }
	line("v=0")
	line("o=- 1 1 IN IP4 127.0.0.1")
	line("s=-")
	line("t=0 0")
	line("a=ice-lite")
	line("a=fingerprint:%s %s", p.Algorithm, p.Fingerprint)
	line("a=group:BUNDLE %s", mid)
	line("m=audio 9 UDP/TLS/RTP/SAVPF %d", opusPayloadType)
	line("c=IN IP4 0.0.0.0")
	line("a=mid:%s", mid)
	line("a=%s", author)
	line("a=ice-ufrag:%s", p.UsernameFragment)
	line("a=ice-pwd:%s", p.Password)
	line("a=setup:passive")
	line("a=rtcp-mux")
	line("a=rtpmap:%d opus/48000/2", opusPayloadType)
	line("a=fmtp:%d minptime=10;useinbandfec=1", opusPayloadType)
	for _, c := range p.Candidates {
		if net.ParseIP(c.Address) == nil {
			return "", fmt.Errorf("%w: candidate address %q", ErrBadSDP, c.Address)
		}
		line("a=candidate:%s 1 udp %d %s %d typ host", c.Foundation, c.Priority, c.Address, c.Port)
	}
	line("a=end-of-candidates")
	for _, s := range []string{p.UsernameFragment, p.Password, p.Fingerprint, p.Algorithm} {
		if s == "" || strings.ContainsAny(s, "\r\n ") {
			return "", fmt.Errorf("%w: a parameter of the peer is missing or malformed", ErrBadSDP)
		}
	}
	return b.String(), nil
}
