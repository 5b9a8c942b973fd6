// Package rtc is the WebRTC session: one stream of Opus between a port, or a
// browser, and a channel server, over ICE, DTLS and SRTP.
//
// A port offers: [Engine.Publish] sends its talk spurts, [Engine.Subscribe]
// hears those of others. A channel server answers: [Engine.AcceptPublisher] and
// [Engine.AcceptListener]. How offer and answer travel is the caller's business;
// WHIP (RFC 9725) and WHEP both fit, since a description always carries all its
// candidates and is never renegotiated.
//
// A session is set up once and kept: between talk spurts nothing but ICE's
// consent checks (RFC 7675) travels, and through them a peer that vanished is
// noticed.
package rtc

import "errors"

var (
	// ErrPeerLost says that a connected peer left or fell silent for longer
	// than Config.PeerTimeout.
	ErrPeerLost = errors.New("peer is gone")
	// ErrNotConnected says that no connection came about in time.
	ErrNotConnected = errors.New("no connection to the peer")
	// ErrClosed says that this side closed the session.
	ErrClosed = errors.New("session is closed")
)
