package icelite

import (
	"fmt"
	"strings"

	"github.com/talkgate/talkgate/media"
)

// local is what the answer says of this end.
type local struct {
	credentials credentials
	fingerprint string // SHA-256, as RFC 8122 writes it
	candidates  []candidate
	ssrc        uint32 // of the stream that is sent; zero for none
}

// answer writes the answer to an offer of author: the accepted section, and each
// other one rejected, in the order of the offer (RFC 3264 section 6).
func (o *offer) answer(author direction, l local) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\r\n", a...) }
	line("v=0")
	line("o=- %d 1 IN IP4 0.0.0.0", 1)
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
		line("a=%s", author.opposite())
		line("a=rtcp-mux")
		line("a=rtpmap:%d %s", o.payloadType, o.encoding)
		line("a=fmtp:%d minptime=10;useinbandfec=1", o.payloadType)
		if o.redType != 0 {
			line("a=rtpmap:%d red/%d/2", o.redType, media.SampleRate)
			line("a=fmtp:%d %d/%d", o.redType, o.payloadType, o.payloadType)
		}
		if l.ssrc != 0 {
			line("a=msid:talkgate voice")
			line("a=ssrc:%d cname:talkgate", l.ssrc)
		}
		line("a=setup:%s", o.setup())
		line("a=fingerprint:sha-256 %s", l.fingerprint)
		l.transport(line)
	}
	return b.String()
}

// formats are the payload types that are accepted. Opus comes first: it is what is sent
// where nothing is lost.
func (o *offer) formats() string {
	if o.redType == 0 {
		return fmt.Sprint(o.payloadType)
	}
	return fmt.Sprint(o.payloadType, " ", o.redType)
}

// setup is our side of the DTLS roles (RFC 8842 section 5.2).
func (o *offer) setup() string {
	if o.dtlsClient {
		return "active"
	}
	return "passive"
}

// transport writes the lines of ICE.
func (l local) transport(line func(format string, a ...any)) {
	line("a=ice-options:trickle")
	line("a=ice-ufrag:%s", l.credentials.ufrag)
	line("a=ice-pwd:%s", l.credentials.password)
	for _, c := range l.candidates {
		line("a=%s", c)
	}
	line("a=end-of-candidates")
}
