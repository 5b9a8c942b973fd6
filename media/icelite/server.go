// Package icelite is the answering side of WebRTC, for a server that carries
// voice: it answers the offers of WHIP (RFC 9725) and WHEP clients.
//
// It is an ICE-lite agent (RFC 8445 section 2.5) on one UDP port, a DTLS-SRTP end
// (RFC 5764), and one stream of Opus a session. It knows no other media, no data
// channels and no renegotiation, so a peer can't ask for them.
//
// No peer decides what the server allocates, sends or logs. A session has one
// SSRC a direction; every packet of another one is dropped before it costs
// anything. Nothing is ever sent to a candidate of a peer: only to an address that
// an authenticated check came from. What DTLS may take in is counted.
//
// While nobody talks a session costs the answers to its peer's consent checks. A
// peer that has been silent for half of Config.PeerTimeout is asked for a sign of
// life (RFC 7675), and is gone when all of it has passed.
package icelite

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"

	"crypto"
)

// DefaultPeerTimeout is Config.PeerTimeout where that is zero.
const DefaultPeerTimeout = 4 * time.Second

// Config is what a Server is made of. Its zero value works.
type Config struct {
	// Logger records what happens; nil discards it.
	Logger *slog.Logger
	// UDP is the "host:port" of all media. A host of "" means all addresses of the
	// machine, also those that come later. Empty means a free port on all of them.
	UDP string
	// TCP is the "host:port" to take ICE-TCP on (RFC 6544), for peers whose network
	// blocks UDP. Empty means none.
	TCP string
	// PublicAddresses are announced before the machine's own: of a router that
	// forwards the port, or maps addresses one to one. A port of zero means the one
	// that is listened on.
	PublicAddresses []netip.AddrPort
	// Interfaces names the network interfaces whose addresses are announced, for
	// example "eth0". Empty means all, loopback included.
	Interfaces []string
	// PeerTimeout is how long a connected peer may be silent before its session
	// ends. Less than 1 s counts as 1 s. A session that does not connect ends after
	// twice as long.
	PeerTimeout time.Duration
	// DSCP marks what is sent (RFC 8837 section 5): 46 is EF. Zero marks nothing.
	DSCP int
}

// Server answers offers. Its methods may be called from any goroutine.
type Server struct {
	cfg   Config
	log   *slog.Logger
	cert  tls.Certificate
	print string // SHA-256 of cert

	sockets []*socket
	loops   sync.WaitGroup
	closing chan struct{}
	once    sync.Once

	mu      sync.RWMutex
	tcp     *tcpListener // nil without Config.TCP and Share
	ufrags  map[string]*conn
	routes  map[route]*conn
	conns   map[*conn]struct{}
	dropped counters
}

// NewServer opens the addresses of cfg. Close must follow.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.PeerTimeout == 0 {
		cfg.PeerTimeout = DefaultPeerTimeout
	}
	cfg.PeerTimeout = max(cfg.PeerTimeout, time.Second)
	s := &Server{
		cfg: cfg, log: cfg.Logger,
		closing: make(chan struct{}),
		ufrags:  map[string]*conn{}, routes: map[route]*conn{}, conns: map[*conn]struct{}{},
	}
	var err error
	if s.cert, err = selfsign.GenerateSelfSigned(); err != nil {
		return nil, fmt.Errorf("certificate for DTLS: %w", err)
	}
	leaf, err := x509.ParseCertificate(s.cert.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("certificate for DTLS: %w", err)
	}
	if s.print, err = fingerprint.Fingerprint(leaf, crypto.SHA256); err != nil {
		return nil, fmt.Errorf("certificate for DTLS: %w", err)
	}
	s.print = strings.ToUpper(s.print) // RFC 8122 section 5 knows no other; Firefox neither
	if s.sockets, err = listenUDP(cfg.UDP, cfg.DSCP); err != nil {
		return nil, err
	}
	if cfg.TCP != "" {
		t, err := listenTCP(cfg.TCP, cfg.DSCP)
		if err != nil {
			s.closeSockets()
			return nil, err
		}
		s.tcp = t
		s.loops.Go(func() { t.serve(s) })
	}
	for _, u := range s.sockets {
		s.loops.Go(func() { u.read(s) })
	}
	s.loops.Go(s.sweep)
	return s, nil
}

// Close closes the addresses and ends all sessions. What their peers are not told
// they notice by the silence.
func (s *Server) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.closeSockets()
		s.mu.RLock()
		t := s.tcp
		s.mu.RUnlock()
		if t != nil {
			t.close()
		}
	})
	for _, c := range s.all() {
		c.lost()
		<-c.done
	}
	s.loops.Wait()
	return nil
}

func (s *Server) closeSockets() {
	for _, u := range s.sockets {
		_ = u.conn.Close() // its reader ends
	}
}

// listeners are the addresses that are listened on.
func (s *Server) listeners() []listener {
	var all []listener
	for _, u := range s.sockets {
		all = append(all, u.listener)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.tcp != nil {
		all = append(all, s.tcp.listener)
	}
	return all
}

// sweep ends sessions whose peer is gone, and does for all of them what would
// otherwise need a timer each.
func (s *Server) sweep() {
	tick := time.NewTicker(s.cfg.PeerTimeout / 8)
	defer tick.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
		now := time.Now()
		for _, c := range s.all() {
			c.sweep(now)
		}
	}
}

func (s *Server) all() []*conn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Keys(s.conns))
}

// add makes a session known under its user fragment.
func (s *Server) add(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return fmt.Errorf("the media server is closed")
	default:
	}
	s.ufrags[c.here.Ufrag] = c
	s.conns[c] = struct{}{}
	return nil
}

// forget undoes what was done for a session in the server's tables.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	maps.DeleteFunc(s.ufrags, func(_ string, other *conn) bool { return other == c })
	for _, p := range c.paths {
		if s.routes[p.route] == c {
			delete(s.routes, p.route)
		}
	}
	c.paths = nil
}
