package icelite

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"

	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/media/sdp"
)

// conn is the life of one session. It ends once, for the first reason given, and
// is done when nothing that it started still runs.
type conn struct {
	server *Server
	log    *slog.Logger
	offer  *sdp.Offer
	ssrc   uint32 // of what we send

	born       time.Time
	heard      atomic.Int64 // last authentic sign of life, since born
	selected   atomic.Pointer[path]
	pipe       *pipe
	keys       srtp.Config // set before connected is closed
	tieBreaker uint64

	nominated chan struct{} // a path is selected
	connected chan struct{} // DTLS has given keys
	done      chan struct{}
	ctx       context.Context
	end       context.CancelCauseFunc

	// onRTP takes a packet of RTP, still encrypted, and keeps nothing of it; nil for
	// a session that receives none.
	onRTP func(b []byte) bool
	// onRTCP takes a packet of SRTCP and keeps nothing of it; nil for a session that has
	// no use for any.
	onRTCP func(b []byte)
	// onSweep is called now and then while the session is connected, if set.
	onSweep func(now time.Time)

	mu     sync.Mutex
	here   sdp.Credentials // ours
	there  sdp.Credentials // the peer's
	before sdp.Credentials // ours before an ICE restart, until the peer uses the new ones
	probed [stun.TransactionIDSize]byte
	tag    string // names this ICE session
	chosen sync.Once
	paths  []path // guarded by the server's lock
}

// newConn makes the session of an offer. Nothing is sent until the peer has
// checked a path. sends says that the session has a stream to the peer.
func (s *Server) newConn(o *sdp.Offer, sends bool) *conn {
	c := &conn{
		server: s, log: s.log, offer: o,
		born: time.Now(), pipe: newPipe(),
		nominated: make(chan struct{}), connected: make(chan struct{}), done: make(chan struct{}),
		here: newCredentials(), there: o.Remote, tag: rand.Text(),
	}
	c.pipe.write = c.send
	var seed [12]byte
	_, _ = rand.Read(seed[:]) // never fails
	c.tieBreaker = binary.BigEndian.Uint64(seed[:])
	if sends {
		c.ssrc = binary.BigEndian.Uint32(seed[8:]) | 1 // zero is none
	}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	return c
}

func newCredentials() sdp.Credentials {
	return sdp.Credentials{Ufrag: rand.Text()[:12], Password: rand.Text()}
}

// start makes the session known and returns the answer to its offer.
func (c *conn) start() (string, error) {
	if err := c.server.add(c); err != nil {
		return "", err
	}
	c.server.loops.Go(c.run)
	return c.offer.Answer(c.local())
}

func (c *conn) local() sdp.Local {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sdp.Local{Credentials: c.here, Fingerprint: c.server.print, Candidates: c.server.candidates(), SSRC: c.ssrc}
}

// run lives until the session has ended.
func (c *conn) run() {
	defer close(c.done)
	defer c.server.forget(c)
	select {
	case <-c.ctx.Done():
		return
	case <-c.nominated:
	}
	c.secure()
	c.lost()
}

// Done is closed when the session has ended and all it started has too.
func (c *conn) Done() <-chan struct{} { return c.done }

// Err says why the session ended: rtc.ErrClosed, rtc.ErrPeerLost or
// rtc.ErrNotConnected. It is nil while the session lives.
func (c *conn) Err() error { return context.Cause(c.ctx) }

// Close ends the session, says so to the peer, and waits until all that it
// started has ended. It must not be called from a callback of the session.
func (c *conn) Close() error {
	c.end(rtc.ErrClosed)
	<-c.done
	return nil
}

// lost ends the session because its peer is gone.
func (c *conn) lost() {
	if c.isConnected() {
		c.end(rtc.ErrPeerLost)
	} else {
		c.end(rtc.ErrNotConnected)
	}
}

func (c *conn) isConnected() bool {
	select {
	case <-c.connected:
		return true
	default:
		return false
	}
}

// send sends a packet to where the peer wants it.
func (c *conn) send(b []byte) error {
	p := c.selected.Load()
	if p == nil {
		return rtc.ErrNotConnected
	}
	return p.send(b)
}

// onCheck handles an authentic check over a path.
func (c *conn) onCheck(p path, nominated bool, ufrag string, now time.Time) {
	c.heard.Store(int64(now.Sub(c.born)))
	if !nominated {
		return
	}
	if old := c.selected.Load(); old == nil || old.route != p.route || string(old.from) != string(p.from) {
		p.addr = net.UDPAddrFromAddrPort(p.remote)
		c.selected.Store(&p)
	}
	c.chosen.Do(func() { close(c.nominated) })
	c.mu.Lock()
	stale := c.before
	restarted := stale != (sdp.Credentials{}) && ufrag == c.here.Ufrag
	if restarted {
		c.before = sdp.Credentials{}
	}
	c.mu.Unlock()
	if restarted {
		c.server.mu.Lock()
		delete(c.server.ufrags, stale.Ufrag)
		c.server.mu.Unlock()
	}
}

// passwordOf is our password beside one of our user fragments.
func (c *conn) passwordOf(ufrag string) (password string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ufrag {
	case c.here.Ufrag:
		return c.here.Password, true
	case c.before.Ufrag:
		return c.before.Password, c.before.Ufrag != ""
	}
	return "", false
}

// sweep looks whether the peer is there still.
func (c *conn) sweep(now time.Time) {
	age := now.Sub(c.born)
	timeout := c.server.cfg.PeerTimeout
	if !c.isConnected() {
		if age > 2*timeout {
			c.lost()
		}
		return
	}
	switch silence := age - time.Duration(c.heard.Load()); {
	case silence > timeout:
		c.lost()
		return
	case silence > timeout/2:
		if p := c.selected.Load(); p != nil {
			c.probe(p)
		}
	}
	if c.onSweep != nil {
		c.onSweep(now)
	}
}

// Tag names the ICE session, which changes with each restart (RFC 9725 section
// 4.3.1).
func (c *conn) Tag() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tag
}

// Patch handles an SDP fragment of the peer (RFC 8840). One with the credentials
// of the session, or none, brings candidates, which we have no use for. One with
// others restarts ICE: answer is then the fragment that answers it. The session
// goes on meanwhile. Errors wrap sdp.ErrBad.
func (c *conn) Patch(fragment string) (answer string, err error) {
	there, err := sdp.ParseFragment(fragment)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	if there == (sdp.Credentials{}) || there == c.there {
		c.mu.Unlock()
		return "", nil
	}
	stale := c.before
	c.before, c.here, c.there, c.tag = c.here, newCredentials(), there, rand.Text()
	fresh := c.here.Ufrag
	c.mu.Unlock()

	c.server.mu.Lock()
	_, alive := c.server.conns[c]
	if alive {
		delete(c.server.ufrags, stale.Ufrag)
		c.server.ufrags[fresh] = c
	}
	c.server.mu.Unlock()
	if !alive {
		return "", fmt.Errorf("ICE restart: %w", rtc.ErrClosed)
	}
	return c.offer.Fragment(c.local()), nil
}
