package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/talkgate/talkgate/media"
)

// Local is what an answer says of the end that answers, which is ICE-lite.
type Local struct {
	Credentials Credentials
	Fingerprint string // SHA-256, in upper case as RFC 8122 section 5 writes it
	Candidates  []Candidate
	SSRC        uint32 // of the stream that is sent; zero for none
}

// check refuses a value that is missing or would write a line of its own.
func (l Local) check() error {
	values := []string{l.Credentials.Ufrag, l.Credentials.Password, l.Fingerprint}
	for _, c := range l.Candidates {
		if !c.Addr.IsValid() {
			return errors.New("a candidate has no IP address")
		}
		values = append(values, c.Foundation)
	}
	for _, v := range values {
		if v == "" || strings.ContainsAny(v, "\r\n ") {
			return errors.New("a parameter of the answering end is missing or malformed")
		}
	}
	return nil
}

// Candidate is a host candidate: an address that peers may reach us at (RFC 8839 section
// 5.1).
type Candidate struct {
	Foundation string
	Priority   uint32
	Addr       netip.AddrPort
	TCP        bool // passive (RFC 6544)
}

// HostPriority is the priority of a host candidate (RFC 8445 section 5.1.2.1); a greater
// preference is better, and UDP is better than TCP (RFC 6544 section 4.2).
func HostPriority(preference uint16, tcp bool) uint32 {
	kind, local := uint32(126), uint32(preference)
	if tcp {
		kind, local = kind-36, local>>3|4<<13
	}
	return kind<<24 | local<<8 | (256 - 1)
}

// String is the candidate as an attribute.
func (c Candidate) String() string {
	transport, suffix := "udp", ""
	if c.TCP {
		transport, suffix = "tcp", " tcptype passive"
	}
	return fmt.Sprintf("candidate:%s 1 %s %d %s %d typ host%s",
		c.Foundation, transport, c.Priority, c.Addr.Addr(), c.Addr.Port(), suffix)
}

// Answer writes the answer: the accepted section, and each other one rejected, in the order
// of the offer (RFC 3264 section 6). The error wraps ErrBad, for what l lacks.
func (o *Offer) Answer(l Local) (string, error) {
	if err := l.check(); err != nil {
		return "", fmt.Errorf("%w: %w", ErrBad, err)
	}
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\r\n", a...) }
	line("v=0")
	line("o=- 1 1 IN IP4 0.0.0.0")
	line("s=-")
	line("t=0 0")
	line("a=ice-lite")
	if o.bundled {
		line("a=group:BUNDLE %s", o.sections[o.accepted].mid)
	}
	for i, s := range o.sections {
		if i != o.accepted {
			line("m=%s 0 %s %s", s.media, s.protos, s.formats)
			line("c=IN IP4 0.0.0.0")
			if s.mid != "" {
				line("a=mid:%s", s.mid)
			}
			line("a=inactive")
			continue
		}
		line("m=audio 9 %s %s", s.protos, o.formats())
		line("c=IN IP4 0.0.0.0")
		if s.mid != "" {
			line("a=mid:%s", s.mid)
		}
		line("a=%s", o.author.Opposite())
		line("a=rtcp-mux")
		line("a=rtpmap:%d %s", o.PayloadType, o.encoding)
		line("a=fmtp:%d minptime=10;useinbandfec=1", o.PayloadType)
		if o.REDType != 0 {
			line("a=rtpmap:%d red/%d/2", o.REDType, media.SampleRate)
			line("a=fmtp:%d %d/%d", o.REDType, o.PayloadType, o.PayloadType)
		}
		if l.SSRC != 0 {
			line("a=msid:talkgate voice")
			line("a=ssrc:%d cname:talkgate", l.SSRC)
		}
		line("a=setup:%s", o.setup())
		line("a=fingerprint:sha-256 %s", l.Fingerprint)
		l.transport(line)
	}
	return b.String(), nil
}

// formats are the payload types that are accepted. Opus comes first: it is what is sent
// where nothing is lost.
func (o *Offer) formats() string {
	if o.REDType == 0 {
		return fmt.Sprint(o.PayloadType)
	}
	return fmt.Sprint(o.PayloadType, " ", o.REDType)
}

// setup is our side of the DTLS roles (RFC 8842 section 5.2).
func (o *Offer) setup() string {
	if o.DTLSClient {
		return "active"
	}
	return "passive"
}

// transport writes the lines of ICE.
func (l Local) transport(line func(format string, a ...any)) {
	line("a=ice-options:trickle")
	line("a=ice-ufrag:%s", l.Credentials.Ufrag)
	line("a=ice-pwd:%s", l.Credentials.Password)
	for _, c := range l.Candidates {
		line("a=%s", c)
	}
	line("a=end-of-candidates")
}

// Fragment answers an ICE restart (RFC 8840 section 9).
func (o *Offer) Fragment(l Local) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\r\n", a...) }
	s := o.sections[o.accepted]
	line("a=ice-lite")
	if o.bundled {
		line("a=group:BUNDLE %s", s.mid)
	}
	line("m=audio 9 %s %s", s.protos, o.formats())
	if s.mid != "" {
		line("a=mid:%s", s.mid)
	}
	l.transport(line)
	return b.String()
}
