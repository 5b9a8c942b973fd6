package rtc

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"
)

// uplinks is the network of one session, as ICE sees it. A UDP socket for an address of
// an interface is bound to no address: each packet leaves by the route, and from the
// address, that the machine has for it then. So a session outlives the interface that it
// began on.
type uplinks struct {
	*stdnet.Net
	mu      sync.Mutex
	sockets map[int]*net.UDPConn // by port
}

var _ transport.Net = (*uplinks)(nil)

func newUplinks() (*uplinks, error) {
	n, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("network interfaces: %w", err)
	}
	return &uplinks{Net: n, sockets: map[int]*net.UDPConn{}}, nil
}

// ListenUDP opens the socket of a local candidate (RFC 8445 section 5.1.1).
func (u *uplinks) ListenUDP(network string, at *net.UDPAddr) (transport.UDPConn, error) {
	if at == nil || !at.IP.IsGlobalUnicast() {
		return u.Net.ListenUDP(network, at)
	}
	network = "udp6"
	if at.IP.To4() != nil {
		network = "udp4"
	}
	s, err := net.ListenUDP(network, &net.UDPAddr{Port: at.Port})
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sockets[s.LocalAddr().(*net.UDPAddr).Port] = s
	return s, nil
}

func (u *uplinks) socket(port int) *net.UDPConn {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.sockets[port]
}

// network tells sessions that the machine's network has changed.
type network struct {
	mu      sync.Mutex
	changed chan struct{} // closed by the next change
}

func newNetwork() *network { return &network{changed: make(chan struct{})} }

// next is closed when the network changes.
func (n *network) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

// NetworkChanged is to be called when the machine's addresses or routes have changed, or
// may have. Sessions over UDP whose packets leave from another address now tell their
// peers.
func (e *Engine) NetworkChanged() {
	e.network.mu.Lock()
	defer e.network.mu.Unlock()
	close(e.network.changed)
	e.network.changed = make(chan struct{})
}

// roam follows changes of the network: when packets to the peer begin to leave from
// another address, the peer is told at once, by an ICE check that nominates it. The peer
// would otherwise drop what comes from there, and send to where nobody is.
func (c *conn) roam(u *uplinks, n *network) {
	var last string
	for {
		changed := n.next()
		socket, peer := c.selected(u)
		if from := sourceFor(peer); socket != nil && from != "" && from != last {
			if last != "" {
				c.log.Info("the way to the server has changed", "from", last, "to", from)
				c.nominate(socket, peer)
			}
			last = from
		}
		select {
		case <-changed:
		case <-c.ending:
			return
		}
	}
}

// selected is the socket and the peer's address of the path in use; nil unless it is UDP
// without a relay.
func (c *conn) selected(u *uplinks) (*net.UDPConn, *net.UDPAddr) {
	pair, err := c.ice().GetSelectedCandidatePair()
	if err != nil || pair == nil || pair.Local.Protocol != webrtc.ICEProtocolUDP || pair.Local.Typ == webrtc.ICECandidateTypeRelay {
		return nil, nil
	}
	return u.socket(int(pair.Local.Port)), &net.UDPAddr{IP: net.ParseIP(pair.Remote.Address), Port: int(pair.Remote.Port)}
}

func (c *conn) ice() *webrtc.ICETransport { return c.pc.SCTP().Transport().ICETransport() }

// sourceFor is the address from which packets to the peer leave now; empty without a
// route. It sends nothing.
func sourceFor(peer *net.UDPAddr) string {
	if peer == nil {
		return ""
	}
	s, err := net.DialUDP("udp", nil, peer)
	if err != nil {
		return ""
	}
	defer s.Close()
	return s.LocalAddr().(*net.UDPAddr).IP.String()
}

// renominations is how often a new path is nominated, each time renominationGap after the
// last: a check may be lost.
const (
	renominations   = 4
	renominationGap = 20 * time.Millisecond
)

// nominate sends checks that nominate the path of the socket (RFC 8445 section 7.2.2).
// Nobody waits for the answers: a path that does not work ends with consent.
func (c *conn) nominate(socket *net.UDPConn, peer *net.UDPAddr) {
	here, err := c.ice().GetLocalParameters()
	if err != nil {
		return // it has ended
	}
	there, err := c.ice().GetRemoteParameters()
	if err != nil {
		return
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for range renominations {
		select {
		case <-pause.C:
		case <-c.ending:
			return
		}
		check, err := stun.Build(stun.TransactionID, stun.BindingRequest,
			stun.NewUsername(there.UsernameFragment+":"+here.UsernameFragment),
			stun.RawAttribute{Type: stun.AttrUseCandidate},
			stun.RawAttribute{Type: stun.AttrICEControlling, Value: binary.BigEndian.AppendUint64(nil, rand.Uint64())},
			stun.RawAttribute{Type: stun.AttrPriority, Value: binary.BigEndian.AppendUint32(nil, 1<<31-1)},
			stun.NewShortTermIntegrity(there.Password), stun.Fingerprint)
		if err != nil {
			return
		}
		_, _ = socket.WriteTo(check.Raw, peer) // another follows
		pause.Reset(renominationGap)
	}
}
