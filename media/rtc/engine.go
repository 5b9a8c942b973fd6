package rtc

import (
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// Config is what all sessions of an Engine share. Its zero value works.
type Config struct {
	// Logger takes what the WebRTC stack has to say; nil discards it.
	Logger *slog.Logger
	// Interfaces names the network interfaces to use, for example "eth0". Empty
	// means all, loopback included.
	Interfaces []string
	// mux is one socket for all sessions, which a test can close.
	mux ice.UDPMux
	// PeerTimeout is how long a connected peer may be silent, its consent
	// checks included, before the session ends. Zero means DefaultPeerTimeout, and less than
	// 1 s is taken as 1 s. It also bounds the first connection.
	PeerTimeout time.Duration
}

const (
	// DefaultPeerTimeout is Config.PeerTimeout where that is zero.
	DefaultPeerTimeout = 4 * time.Second
	// opusPayloadType is the one browsers use.
	opusPayloadType = 111
	// dtlsRetransmit is short of the RFC 6347 second because a lost flight
	// delays the first connection, and links are local or mobile.
	dtlsRetransmit = 200 * time.Millisecond
)

// Engine makes sessions. Its methods may be called from any goroutine.
type Engine struct {
	known       *webrtc.MediaEngine
	settings    webrtc.SettingEngine
	log         *slog.Logger
	network     *network
	peerTimeout time.Duration
	relays      atomic.Pointer[[]webrtc.ICEServer]
}

// Relay is a TURN server (RFC 8656), for a network that lets nothing else through.
type Relay struct {
	// URL is of the form of RFC 7065, for example "turn:turn.example:3478?transport=tcp".
	URL, Username, Credential string
}

// UseRelays has sessions that begin from now on try these relays besides the direct
// way. It costs them the time to ask each, so it is for networks on which the direct
// way has failed.
func (e *Engine) UseRelays(relays []Relay) {
	var servers []webrtc.ICEServer
	for _, r := range relays {
		servers = append(servers, webrtc.ICEServer{URLs: []string{r.URL}, Username: r.Username, Credential: r.Credential})
	}
	e.relays.Store(&servers)
}

// configuration is that of a new session.
func (e *Engine) configuration() (c webrtc.Configuration) {
	if servers := e.relays.Load(); servers != nil {
		c.ICEServers = *servers
	}
	return c
}

// NewEngine prepares an Engine.
func NewEngine(cfg Config) (*Engine, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.PeerTimeout == 0 {
		cfg.PeerTimeout = DefaultPeerTimeout
	}
	cfg.PeerTimeout = max(cfg.PeerTimeout, time.Second)
	e := &Engine{peerTimeout: cfg.PeerTimeout, known: &webrtc.MediaEngine{}, log: cfg.Logger, network: newNetwork()}
	if err := register(e.known); err != nil {
		return nil, err
	}
	var err error
	if e.settings, err = e.settingsOf(cfg); err != nil {
		return nil, err
	}
	return e, nil
}

// newPeerConnection makes one on a network of its own.
func (e *Engine) newPeerConnection(u *uplinks) (*webrtc.PeerConnection, error) {
	settings := e.settings
	settings.SetNet(u)
	// No interceptors: retransmission is of no use to a talk spurt, reports are
	// our own, and each of them would cost allocations per packet.
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(e.known),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
		webrtc.WithSettingEngine(settings),
	)
	pc, err := api.NewPeerConnection(e.configuration())
	if err != nil {
		return nil, fmt.Errorf("new peer connection: %w", err)
	}
	return pc, nil
}

func (e *Engine) settingsOf(cfg Config) (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: pionLogs{cfg.Logger}}
	keepalive := e.peerTimeout / 4
	// Failed follows Disconnected by the second figure; the first is when a
	// session that may still recover is reported, which nobody here acts on.
	s.SetICETimeouts(e.peerTimeout-keepalive, keepalive, keepalive)
	s.SetIncludeLoopbackCandidate(true)
	// Over TCP (RFC 6544) a session goes where the network blocks UDP and the peer
	// listens for it; UDP is preferred.
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	// ICE has shown the peer's address to be real before DTLS begins.
	s.SetDTLSInsecureSkipHelloVerify(true)
	s.SetDTLSRetransmissionInterval(dtlsRetransmit)
	s.SetFireOnTrackBeforeFirstRTP(true)
	// A MultiReceiver hears streams that no description told of.
	s.SetHandleUndeclaredSSRCWithoutAnswer(true)
	if len(cfg.Interfaces) > 0 {
		s.SetInterfaceFilter(func(name string) bool { return slices.Contains(cfg.Interfaces, name) })
	}
	if cfg.mux != nil {
		s.SetICEUDPMux(cfg.mux)
	}
	// The DTLS client is the last to know that a connection stands. Let that be
	// the offering side, so that once it does the answering side hears it.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return s, fmt.Errorf("DTLS role: %w", err)
	}
	return s, nil
}
