package rtc

import (
	"bytes"

	"github.com/pion/rtcp"
)

// unheardName names the RTCP APP packet (RFC 3550 section 6.7) by which a server says
// that it forwards nothing of a stream. Its data is the reason, ASCII.
const unheardName = "TGUH"

// maxUnheardReason bounds the reason, in bytes.
const maxUnheardReason = 32

// MarshalUnheard returns the compound RTCP packet by which own says that nothing of
// stream is forwarded, and why: a word of the server's HTTP API. The APP packet carries
// the SSRC of the stream that it is about.
func MarshalUnheard(own, stream uint32, reason string) ([]byte, error) {
	return rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: own}, // a compound packet begins with a report (section 6.1)
		&rtcp.ApplicationDefined{SSRC: stream, Name: unheardName, Data: []byte(reason)},
	})
}

// unheardReason is the reason in an APP packet; false if it is another or not a word.
func unheardReason(p *rtcp.ApplicationDefined) (string, bool) {
	if p.Name != unheardName || p.SubType != 0 || len(p.Data) == 0 || len(p.Data) > maxUnheardReason {
		return "", false
	}
	other := bytes.IndexFunc(p.Data, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' })
	return string(p.Data), other < 0
}

// Unheard returns the channel on which the peer says, about twice a second, that it
// forwards nothing of what is sent, and why. It holds the newest only.
func (p *Publication) Unheard() <-chan string { return p.unheard }

// onUnheard replaces what nobody has read yet. One goroutine calls it.
func (p *Publication) onUnheard(reason string) {
	select {
	case <-p.unheard:
	default:
	}
	p.unheard <- reason
}
