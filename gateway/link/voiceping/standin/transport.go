package standin

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // a fingerprint that the real server lists, too
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// consent is how long media goes on without a STUN request.
const consent = 30 * time.Second

// transport is ICE-lite, DTLS and SRTP on a socket of its own.
type transport struct {
	id, user, channel, direction string
	born                         time.Time

	sock      *net.UDPConn
	at        *net.UDPAddr // as it is announced
	ice       wire.ICEParameters
	cert      tls.Certificate
	handshake chan []byte // DTLS records
	closed    chan struct{}
	once      sync.Once
	work      sync.WaitGroup
	heard     atomic.Int64 // last STUN request, ms since 1970
	deaf      *atomic.Bool // answers no STUN

	mu        sync.Mutex
	connected bool
	peer      net.Addr
	decrypt   *srtp.Context
	encrypt   *srtp.Context
	rtcp      *srtp.Context
	producers map[uint32]*producer
}

func newTransport(user, channel, direction string, deaf *atomic.Bool) (*transport, error) {
	sock, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, err
	}
	t := &transport{id: uuid(), born: time.Now(), user: user, channel: channel, direction: direction, sock: sock, at: sock.LocalAddr().(*net.UDPAddr), cert: cert,
		ice:       wire.ICEParameters{UsernameFragment: strings.ToLower(rand.Text()), Password: strings.ToLower(rand.Text()), ICELite: true},
		handshake: make(chan []byte, 64), closed: make(chan struct{}), producers: make(map[uint32]*producer), deaf: deaf}
	t.work.Go(t.read)
	return t, nil
}

func uuid() string {
	b := make([]byte, 16)
	rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (t *transport) close() {
	t.once.Do(func() { close(t.closed); _ = t.sock.Close() })
	t.work.Wait()
}

func (t *transport) parameters() wire.Transport {
	ip, port := t.at.IP.String(), uint16(t.at.Port)
	der := t.cert.Certificate[0]
	s1, s224, s256, s384, s512 := sha1.Sum(der), sha256.Sum224(der), sha256.Sum256(der), sha512.Sum384(der), sha512.Sum512(der) //nolint:gosec // as above
	return wire.Transport{
		ID: t.id, ICEParameters: t.ice,
		ICECandidates: []wire.ICECandidate{
			{Foundation: "udpcandidate", Priority: 1076302079, IP: ip, Address: ip, Protocol: "udp", Port: port, Type: "host"},
			{Foundation: "tcpcandidate", Priority: 1076276479, IP: ip, Address: ip, Protocol: "tcp", Port: port, Type: "host", TCPType: "passive"},
		},
		DTLSParameters: wire.DTLSParameters{Role: "auto", Fingerprints: []wire.Fingerprint{
			{Algorithm: "sha-1", Value: colons(s1[:])}, {Algorithm: "sha-224", Value: colons(s224[:])},
			{Algorithm: "sha-384", Value: colons(s384[:])}, {Algorithm: "sha-512", Value: colons(s512[:])},
			{Algorithm: "sha-256", Value: colons(s256[:])},
		}},
	}
}

func colons(sum []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// acceptable is what the real server takes for a fingerprint.
var acceptable = regexp.MustCompile(`^([0-9A-F]{2}:)+[0-9A-F]{2}$`)

var (
	errConnected   = errors.New("connect() already called [method:webRtcTransport.connect]")
	errFingerprint = errors.New("fingerprint is not in upper case")
)

// connect takes the peer's certificate; errFingerprint is not for the peer's ears.
func (t *transport) connect(p wire.DTLSParameters) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connected {
		return errConnected
	}
	t.connected = true
	want := ""
	for _, f := range p.Fingerprints {
		if !acceptable.MatchString(f.Value) {
			return errFingerprint
		}
		if f.Algorithm == "sha-256" {
			want = f.Value
		}
	}
	t.work.Go(func() { t.secure(p.Role, want) })
	return nil
}

// secure shakes hands and makes the keys.
func (t *transport) secure(peerRole, fingerprint string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	verify := func(certs [][]byte, _ [][]*x509.Certificate) error {
		if len(certs) == 0 {
			return errors.New("no certificate")
		}
		if sum := sha256.Sum256(certs[0]); colons(sum[:]) != fingerprint {
			return errors.New("another certificate than announced")
		}
		return nil
	}
	shared := []dtls.Option{
		dtls.WithCertificates(t.cert), dtls.WithInsecureSkipVerify(true), dtls.WithVerifyPeerCertificate(verify),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
	}
	var conn *dtls.Conn
	var err error
	asClient := peerRole == "server"
	if asClient {
		var o []dtls.ClientOption
		for _, s := range shared {
			o = append(o, s)
		}
		conn, err = dtls.ClientWithOptions(dtlsSocket{t}, t.sock.LocalAddr(), o...)
	} else {
		o := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert), dtls.WithInsecureSkipVerifyHello(true)}
		for _, s := range shared {
			o = append(o, s)
		}
		conn, err = dtls.ServerWithOptions(dtlsSocket{t}, t.sock.LocalAddr(), o...)
	}
	if err != nil {
		return
	}
	t.work.Go(func() {
		<-t.closed
		_ = conn.Close()
	})
	if conn.HandshakeContext(ctx) != nil {
		return
	}
	state, ok := conn.ConnectionState()
	profile, chosen := conn.SelectedSRTPProtectionProfile()
	if !ok || !chosen {
		return
	}
	keys := &srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if keys.ExtractSessionKeysFromDTLS(&state, asClient) != nil {
		return
	}
	k := keys.Keys
	in, err1 := srtp.CreateContext(k.RemoteMasterKey, k.RemoteMasterSalt, keys.Profile)
	out, err2 := srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, keys.Profile)
	reports, err3 := srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, keys.Profile)
	if errors.Join(err1, err2, err3) != nil {
		return
	}
	t.mu.Lock()
	t.decrypt, t.encrypt, t.rtcp = in, out, reports
	t.mu.Unlock()
	for buf := make([]byte, 1500); ; {
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

// read parts STUN, DTLS and RTP (RFC 7983).
func (t *transport) read() {
	buf := make([]byte, 1500)
	for {
		n, from, err := t.sock.ReadFrom(buf)
		if err != nil {
			return
		}
		switch b := buf[0]; {
		case n == 0:
		case b < 4:
			t.answer(buf[:n], from)
		case 20 <= b && b < 64:
			select {
			case t.handshake <- append([]byte(nil), buf[:n]...):
			default:
			}
		case 128 <= b && b < 192:
			t.media(buf[:n])
		}
	}
}

// answer is all of ICE that a lite agent does.
func (t *transport) answer(b []byte, from net.Addr) {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if t.deaf.Load() || m.Decode() != nil || m.Type != stun.BindingRequest {
		return
	}
	var user stun.Username
	integrity := stun.NewShortTermIntegrity(t.ice.Password)
	if user.GetFrom(m) != nil || !strings.HasPrefix(string(user), t.ice.UsernameFragment+":") || integrity.Check(m) != nil {
		return
	}
	udp := from.(*net.UDPAddr)
	reply, err := stun.Build(m, stun.BindingSuccess, &stun.XORMappedAddress{IP: udp.IP, Port: udp.Port}, integrity, stun.Fingerprint)
	if err != nil {
		return
	}
	t.heard.Store(time.Now().UnixMilli())
	t.mu.Lock()
	t.peer = from
	t.mu.Unlock()
	_, _ = t.sock.WriteTo(reply.Raw, from)
}

// dtlsSocket is the DTLS part of a transport's socket.
type dtlsSocket struct{ t *transport }

func (s dtlsSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-s.t.handshake:
		return copy(b, p), s.t.sock.LocalAddr(), nil
	case <-s.t.closed:
		return 0, nil, net.ErrClosed
	}
}

func (s dtlsSocket) WriteTo(b []byte, _ net.Addr) (int, error) {
	s.t.mu.Lock()
	peer := s.t.peer
	s.t.mu.Unlock()
	if peer == nil {
		return len(b), nil // ICE is not there yet; it is sent again
	}
	return s.t.sock.WriteTo(b, peer)
}

func (s dtlsSocket) Close() error                     { return nil }
func (s dtlsSocket) LocalAddr() net.Addr              { return s.t.sock.LocalAddr() }
func (s dtlsSocket) SetDeadline(time.Time) error      { return nil }
func (s dtlsSocket) SetReadDeadline(time.Time) error  { return nil }
func (s dtlsSocket) SetWriteDeadline(time.Time) error { return nil }
