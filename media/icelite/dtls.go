package icelite

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/srtp/v3"

	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// dtlsBudget is all that DTLS accepts of a peer, in bytes. A handshake has about
	// 2 KB; afterwards nothing but its end is of interest.
	dtlsBudget = 64 << 10
	// dtlsBacklog bounds the datagrams that wait for DTLS.
	dtlsBacklog = 16
	// dtlsRetransmit is short of the second of RFC 6347 because a lost flight delays
	// the connection.
	dtlsRetransmit = 200 * time.Millisecond
	// recordData is the type of DTLS records that carry data, which nobody reads.
	recordData = 23
)

// secure does the DTLS handshake, derives the keys and returns when the
// association is over.
func (c *conn) secure() {
	defer c.pipe.Close()
	d, err := c.handshake()
	if err != nil {
		c.log.Debug("DTLS", "err", err)
		return
	}
	defer d.Close()
	stop := context.AfterFunc(c.ctx, func() { _ = d.Close() })
	defer stop()
	if c.keys, err = keysOf(d, c.offer.DTLSClient); err != nil {
		c.log.Debug("DTLS", "err", err)
		return
	}
	c.heard.Store(int64(time.Since(c.born)))
	close(c.connected)
	_, _ = d.Read(make([]byte, 1)) // there is no data: it returns with the end
}

func (c *conn) handshake() (*dtls.Conn, error) {
	opts := []dtls.Option{
		dtls.WithCertificates(c.server.cert),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_256_GCM),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithInsecureSkipVerify(true), // the fingerprint is what counts
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error { return c.verify(raw) }),
		dtls.WithFlightInterval(dtlsRetransmit),
		dtls.WithLoggerFactory(rtc.PionLogs(c.log)),
	}
	var d *dtls.Conn
	var err error
	if c.offer.DTLSClient {
		var all []dtls.ClientOption
		for _, o := range opts {
			all = append(all, o)
		}
		d, err = dtls.ClientWithOptions(c.pipe, peerAddr{}, all...)
	} else {
		// ICE has shown the peer's address to be real before DTLS begins.
		all := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert), dtls.WithInsecureSkipVerifyHello(true)}
		for _, o := range opts {
			all = append(all, o)
		}
		d, err = dtls.ServerWithOptions(c.pipe, peerAddr{}, all...)
	}
	if err != nil {
		return nil, err
	}
	if err := d.HandshakeContext(c.ctx); err != nil {
		_ = d.Close() // it did not come about
		return nil, err
	}
	return d, nil
}

// verify compares the peer's certificate with the fingerprints of its offer.
func (c *conn) verify(raw [][]byte) error {
	if len(raw) == 0 {
		return errors.New("the peer shows no certificate")
	}
	leaf, err := x509.ParseCertificate(raw[0])
	if err != nil {
		return fmt.Errorf("the peer's certificate: %w", err)
	}
	for _, p := range c.offer.Prints {
		hash, err := fingerprint.HashFromString(p.Algorithm)
		if err != nil {
			continue
		}
		if got, err := fingerprint.Fingerprint(leaf, hash); err == nil && strings.EqualFold(got, p.Value) {
			return nil
		}
	}
	return errors.New("the peer's certificate is not the one of its offer")
}

// keysOf derives the keys of SRTP (RFC 5764 section 4.2).
func keysOf(d *dtls.Conn, client bool) (srtp.Config, error) {
	var cfg srtp.Config
	profile, ok := d.SelectedSRTPProtectionProfile()
	switch {
	case !ok:
		return cfg, errors.New("the peer wants no profile of SRTP that we have")
	case profile == dtls.SRTP_AEAD_AES_128_GCM:
		cfg.Profile = srtp.ProtectionProfileAeadAes128Gcm
	case profile == dtls.SRTP_AEAD_AES_256_GCM:
		cfg.Profile = srtp.ProtectionProfileAeadAes256Gcm
	default:
		cfg.Profile = srtp.ProtectionProfileAes128CmHmacSha1_80
	}
	state, ok := d.ConnectionState()
	if !ok {
		return cfg, errors.New("no keys")
	}
	err := cfg.ExtractSessionKeysFromDTLS(&state, client)
	return cfg, err
}

// pipe is the network as DTLS sees it.
type pipe struct {
	in     chan []byte
	budget atomic.Int64
	write  func(b []byte) error
	closed chan struct{}
	over   atomic.Bool
	// wake interrupts a read when its deadline changes.
	wake     chan struct{}
	deadline atomic.Pointer[time.Time]
}

var _ net.PacketConn = (*pipe)(nil)

func newPipe() *pipe {
	p := &pipe{in: make(chan []byte, dtlsBacklog), closed: make(chan struct{}), wake: make(chan struct{}, 1)}
	p.budget.Store(dtlsBudget)
	return p
}

// push hands over a datagram; one beyond what DTLS may take is dropped.
func (p *pipe) push(b []byte) {
	if b[0] == recordData || p.budget.Add(-int64(len(b))) < 0 {
		return
	}
	select {
	case p.in <- append([]byte(nil), b...):
	default: // it is sent again
	}
}

// ReadFrom waits for a datagram.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		var late <-chan time.Time
		if t := p.deadline.Load(); t != nil && !t.IsZero() {
			timer := time.NewTimer(time.Until(*t))
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-p.closed:
			return 0, nil, net.ErrClosed
		case <-late:
			return 0, nil, os.ErrDeadlineExceeded
		case <-p.wake:
		case d := <-p.in:
			return copy(b, d), peerAddr{}, nil
		}
	}
}

// WriteTo sends a datagram to the peer.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if err := p.write(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close ends reads.
func (p *pipe) Close() error {
	if p.over.CompareAndSwap(false, true) {
		close(p.closed)
	}
	return nil
}

// SetReadDeadline bounds the read that waits too.
func (p *pipe) SetReadDeadline(t time.Time) error {
	p.deadline.Store(&t)
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return nil
}

// SetDeadline is SetReadDeadline: a write never waits.
func (p *pipe) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetWriteDeadline does nothing: a write never waits.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr says nothing: the path may change.
func (p *pipe) LocalAddr() net.Addr { return peerAddr{} }

// peerAddr stands for the peer, wherever it is.
type peerAddr struct{}

func (peerAddr) Network() string { return "ice" }
func (peerAddr) String() string  { return "peer" }
