package rtc

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
)

// Config is what all sessions of an Engine share. Its zero value works.
type Config struct {
	// Logger takes what the WebRTC stack has to say; nil discards it.
	Logger *slog.Logger
	// UDPAddr, "host:port", is the one UDP socket shared by all sessions, so
	// that a firewall needs one rule. A host of "" or "0.0.0.0" means each
	// address of this machine. Empty gives each session ports of its own. It is
	// for the answering side: sessions that share a socket are told apart by
	// the peer's address, so peers must not share one too.
	UDPAddr string
	// Interfaces names the network interfaces to use when UDPAddr does not
	// name an address, for example "eth0". Empty means all, loopback included.
	Interfaces []string
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
	api         *webrtc.API
	mux         ice.UDPMux
	peerTimeout time.Duration
}

// NewEngine prepares an Engine and, with Config.UDPAddr, opens its socket.
func NewEngine(cfg Config) (*Engine, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.PeerTimeout == 0 {
		cfg.PeerTimeout = DefaultPeerTimeout
	}
	cfg.PeerTimeout = max(cfg.PeerTimeout, time.Second)
	e := &Engine{peerTimeout: cfg.PeerTimeout}

	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: opusCapability(),
		PayloadType:        opusPayloadType,
	}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("register Opus: %w", err)
	}
	if cfg.UDPAddr != "" {
		mux, err := listenMux(cfg)
		if err != nil {
			return nil, err
		}
		e.mux = mux
	}
	// No interceptors: retransmission is of no use to a talk spurt, reports are
	// our own, and each of them would cost allocations per packet.
	settings, err := e.settings(cfg)
	if err != nil {
		return nil, err
	}
	e.api = webrtc.NewAPI(
		webrtc.WithMediaEngine(codecs),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
		webrtc.WithSettingEngine(settings),
	)
	return e, nil
}

// Close closes the shared socket. Sessions are closed by whoever has them.
func (e *Engine) Close() error {
	if e.mux == nil {
		return nil
	}
	return e.mux.Close()
}

func (e *Engine) settings(cfg Config) (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: pionLogs{cfg.Logger}}
	keepalive := e.peerTimeout / 4
	// Failed follows Disconnected by the second figure; the first is when a
	// session that may still recover is reported, which nobody here acts on.
	s.SetICETimeouts(e.peerTimeout-keepalive, keepalive, keepalive)
	s.SetIncludeLoopbackCandidate(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	// ICE has shown the peer's address to be real before DTLS begins.
	s.SetDTLSInsecureSkipHelloVerify(true)
	s.SetDTLSRetransmissionInterval(dtlsRetransmit)
	s.SetFireOnTrackBeforeFirstRTP(true)
	// A Chorus hears streams that no description told of.
	s.SetHandleUndeclaredSSRCWithoutAnswer(true)
	if len(cfg.Interfaces) > 0 {
		s.SetInterfaceFilter(func(name string) bool { return slices.Contains(cfg.Interfaces, name) })
	}
	if e.mux != nil {
		s.SetICEUDPMux(e.mux)
	}
	// The DTLS client is the last to know that a connection stands. Let that be
	// the offering side, so that once it does the answering side hears it.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return s, fmt.Errorf("DTLS role: %w", err)
	}
	return s, nil
}

// listenMux opens the shared socket: one on the address that is named, or one
// on each address of the machine, so that a reply leaves from where it is
// expected.
func listenMux(cfg Config) (ice.UDPMux, error) {
	addr, err := net.ResolveUDPAddr("udp", cfg.UDPAddr)
	if err != nil {
		return nil, fmt.Errorf("UDP address %q: want host:port: %w", cfg.UDPAddr, err)
	}
	log := pionLogs{cfg.Logger}.NewLogger("ice")
	if addr.IP != nil && !addr.IP.IsUnspecified() {
		conn, err := net.ListenUDP("udp", addr)
		if err != nil {
			return nil, fmt.Errorf("UDP address %q: %w", cfg.UDPAddr, err)
		}
		return ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: log, UDPConn: conn}), nil
	}
	mux, err := ice.NewMultiUDPMuxFromPort(addr.Port,
		ice.UDPMuxFromPortWithLogger(log),
		ice.UDPMuxFromPortWithLoopback(),
		ice.UDPMuxFromPortWithInterfaceFilter(func(name string) bool {
			return len(cfg.Interfaces) == 0 || slices.Contains(cfg.Interfaces, name)
		}))
	if err != nil {
		return nil, fmt.Errorf("UDP address %q: %w", cfg.UDPAddr, err)
	}
	return mux, nil
}

// opusCapability is Opus as RFC 7587 wants it written, always with two
// channels; absent "stereo" parameters make it mono.
func opusCapability() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{
		MimeType:    webrtc.MimeTypeOpus,
		ClockRate:   media.SampleRate,
		Channels:    2,
		SDPFmtpLine: "minptime=20;useinbandfec=1",
	}
}
