package rtc

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/webrtc/v4"
)

// maxTried bounds the addresses in an error: the peer names them.
const maxTried = 8

// notConnected is ErrNotConnected with how far the session came: the addresses that were
// tried, or the one that answered ICE and not DTLS.
func (c *conn) notConnected() error {
	switch c.pc.ICEConnectionState() {
	case webrtc.ICEConnectionStateConnected, webrtc.ICEConnectionStateCompleted:
		at := "the peer"
		if pair, err := c.ice().GetSelectedCandidatePair(); err == nil && pair != nil {
			at = address(pair.Remote.Protocol.String(), pair.Remote.Address, strconv.Itoa(int(pair.Remote.Port)))
		}
		return fmt.Errorf("%w: %s answers ICE, and DTLS came to no end", ErrNotConnected, at)
	}
	tried := c.named()
	switch n := len(tried); {
	case n == 0:
		return fmt.Errorf("%w: no answer from any address", ErrNotConnected)
	case n > maxTried:
		tried = append(tried[:maxTried], fmt.Sprintf("%d more", n-maxTried))
	}
	return fmt.Errorf("%w: no answer from %s", ErrNotConnected, strings.Join(tried, ", "))
}

// named are the addresses in the peer's description (RFC 8839 section 5.1).
func (c *conn) named() (all []string) {
	remote := c.pc.RemoteDescription()
	if remote == nil {
		return nil
	}
	for line := range strings.Lines(remote.SDP) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "a=candidate:")
		if f := strings.Fields(text); ok && len(f) > 5 {
			all = append(all, address(f[2], f[4], f[5]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func address(protocol, ip, port string) string {
	return strings.ToUpper(protocol) + " " + net.JoinHostPort(ip, port)
}
