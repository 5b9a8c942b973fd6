package rtc

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media/sdp"
)

// conn is the life of one peer connection, common to all kinds of session. It
// ends once, for the first reason given, and is done when nothing it started
// still runs.
type conn struct {
	pc        *webrtc.PeerConnection
	log       *slog.Logger
	connected chan struct{}
	ending    chan struct{}
	done      chan struct{}

	// connectTimeout is how long ICE and DTLS together may take to connect.
	connectTimeout time.Duration
	// trickle brings candidates of the peer, if it is set.
	trickle *Trickle

	mu    sync.Mutex
	err   error
	timer *time.Timer
	loops sync.WaitGroup
}

func (e *Engine) newConn() (*conn, error) {
	u, err := newUplinks()
	if err != nil {
		return nil, err
	}
	pc, err := e.newPeerConnection(u)
	if err != nil {
		return nil, err
	}
	c := &conn{
		pc:             pc,
		log:            e.log,
		connected:      make(chan struct{}),
		ending:         make(chan struct{}),
		done:           make(chan struct{}),
		connectTimeout: 2 * e.peerTimeout,
	}
	connected := sync.OnceFunc(func() { close(c.connected) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			connected()
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			c.lost()
		}
	})
	go c.reap()
	c.loop(func() {
		select {
		case <-c.connected:
			c.roam(u, e.network)
		case <-c.ending:
		}
	})
	return c, nil
}

// Done is closed when the session has ended and all it started has too.
func (c *conn) Done() <-chan struct{} { return c.done }

// Err says why the session ended: ErrClosed, ErrPeerLost or ErrNotConnected.
// It is nil while the session lives.
func (c *conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// RTT is how long the last answer to one of ICE's consent checks took; zero while
// there was none.
func (c *conn) RTT() time.Duration {
	pair, ok := c.ice().GetSelectedCandidatePairStats()
	if !ok {
		return 0
	}
	return time.Duration(pair.CurrentRoundTripTime * float64(time.Second))
}

// Close ends the session and waits until all it started has ended. It must not
// be called from a callback that was handed to the session.
func (c *conn) Close() error {
	c.end(ErrClosed)
	<-c.done
	return nil
}

func (c *conn) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = reason
	if c.timer != nil {
		c.timer.Stop()
	}
	close(c.ending)
}

// awaitPeer ends the session unless it connects within connectTimeout.
func (c *conn) awaitPeer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.timer != nil {
		return
	}
	c.timer = time.AfterFunc(c.connectTimeout, func() {
		select {
		case <-c.connected:
		default:
			c.end(c.notConnected())
		}
	})
}

// lost ends the session because the stack reports its end.
func (c *conn) lost() {
	if c.Err() != nil {
		return
	}
	select {
	case <-c.connected:
		c.end(ErrPeerLost)
	default:
		c.end(c.notConnected())
	}
}

// loop runs f until the session ends, unless it already has. f ends when what
// it reads from is closed.
func (c *conn) loop(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.loops.Go(f)
	}
}

// reap closes the peer connection. It has its own goroutine because the stack's
// callbacks, which notice the end, must not wait for the stack.
func (c *conn) reap() {
	<-c.ending
	_ = c.pc.GracefulClose() // it can only fail at what is closed already
	c.loops.Wait()
	close(c.done)
}

// describe sets the local description and returns it with all candidates.
func (c *conn) describe(ctx context.Context, local webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(local); err != nil {
		return "", fmt.Errorf("local description: %w", err)
	}
	select {
	case <-gathered:
		return c.pc.LocalDescription().SDP, nil
	case <-c.ending:
		return "", c.Err()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Exchange posts an offer to the peer and returns its answer.
type Exchange func(ctx context.Context, offer string) (answer string, err error)

// offer connects to a peer whose part is answerer: it returns once media flows,
// or with the reason why not.
func (c *conn) offer(ctx context.Context, exchange Exchange, answerer sdp.Direction) error {
	local, err := c.pc.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("offer: %w", err)
	}
	text, err := c.describe(ctx, local)
	if err != nil {
		return err
	}
	answer, err := exchange(ctx, text)
	if err != nil {
		return err
	}
	if err := sdp.Check(answer, answerer); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp.WithoutOpusParameters(answer)}); err != nil {
		return fmt.Errorf("answer: %w: %w", sdp.ErrBad, err)
	}
	c.trickle.attach(c)
	c.awaitPeer()
	select {
	case <-c.connected:
		return nil
	case <-c.ending:
		return c.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
