package voiceping

import (
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/talkgate/talkgate/gateway/link/voiceping/standin"
	"github.com/talkgate/talkgate/state/redis"
)

// network is what lies between a port and its server: it carries the WebSocket
// and media, and can lose the port's present addresses.
type network struct {
	t    *testing.T
	work sync.WaitGroup

	mu     sync.Mutex
	era    int // flows of an earlier one are lost, both ways and without a word
	closed bool
	open   []interface{ Close() error }
}

func newNetwork(t *testing.T) *network {
	n := &network{t: t}
	t.Cleanup(func() {
		n.mu.Lock()
		n.closed = true
		for _, c := range n.open {
			_ = c.Close()
		}
		n.mu.Unlock()
		n.work.Wait()
	})
	return n
}

// change takes the port's addresses away: what is connected hears nothing more,
// nor does it hear of that; what connects from now on has another address.
func (n *network) change() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.era++
}

func (n *network) now() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.era
}

// keep closes c at the end of the test.
func (n *network) keep(c interface{ Close() error }) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		_ = c.Close()
	}
	n.open = append(n.open, c)
}

// toWebSocket is the URL of a server behind the network.
func (n *network) toWebSocket(target string) string {
	n.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		n.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	n.keep(l)
	n.work.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", u.Host)
			if err != nil {
				_ = in.Close()
				continue
			}
			n.keep(in)
			n.keep(out)
			era := n.now()
			n.work.Go(func() { n.carry(in, out, era) })
			n.work.Go(func() { n.carry(out, in, era) })
		}
	})
	return "ws://" + l.Addr().String() + u.Path
}

// carry is one way of a flow. What is lost is swallowed, and the end of it too.
func (n *network) carry(from, to net.Conn, era int) {
	buf := make([]byte, 32<<10)
	for {
		k, err := from.Read(buf)
		switch {
		case n.now() != era && err == nil:
			continue
		case n.now() != era:
			return
		case err != nil:
			_ = to.Close()
			return
		}
		if _, err := to.Write(buf[:k]); err != nil {
			return
		}
	}
}

// toMedia is where a server's media address is reached through the network. Each
// of a port's sockets is another address to the server.
func (n *network) toMedia(target *net.UDPAddr) *net.UDPAddr {
	l, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return target
	}
	n.keep(l)
	type flow struct {
		out *net.UDPConn
		era int
	}
	n.work.Go(func() {
		flows := make(map[string]flow)
		buf := make([]byte, 1500)
		for {
			k, from, err := l.ReadFromUDP(buf)
			if err != nil {
				return
			}
			f, known := flows[from.String()]
			if !known {
				if f.out, err = net.DialUDP("udp4", nil, target); err != nil {
					return
				}
				f.era = n.now()
				flows[from.String()] = f
				n.keep(f.out)
				n.work.Go(func() {
					back := make([]byte, 1500)
					for {
						k, err := f.out.Read(back)
						if err != nil {
							return
						}
						if n.now() == f.era {
							_, _ = l.WriteToUDP(back[:k], from)
						}
					}
				})
			}
			if n.now() == f.era {
				_, _ = f.out.Write(buf[:k])
			}
		}
	})
	return l.LocalAddr().(*net.UDPAddr)
}

// TestAChangedNetworkIsNoticed takes a talking port's addresses away, as when a
// board changes from a wire to a mobile network.
func TestAChangedNetworkIsNoticed(t *testing.T) {
	s := newSite(t)
	n := newNetwork(t)
	behind := standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("secret of the test"), Announce: n.toMedia})
	t.Cleanup(behind.Close)
	behind.URL = n.toWebSocket(behind.URL)
	s.server = behind
	mended(t, s, s.radio("u1", redis.RoleGeneral), n.change)
}

// TestMediaThatDiesAloneIsNoticed loses only the way of media: the WebSocket lives,
// and the port is neither deaf nor dumb for longer than it takes to see that.
func TestMediaThatDiesAloneIsNoticed(t *testing.T) {
	s := newSite(t)
	n := newNetwork(t)
	behind := standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("secret of the test"), Announce: n.toMedia})
	t.Cleanup(behind.Close)
	s.server = behind
	mended(t, s, s.radio("u1", redis.RoleGeneral), n.change)
}
