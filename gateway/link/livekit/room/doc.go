// Package room is membership of one LiveKit room: the signalling over its
// WebSocket, one stream that is said and the many that are heard, access tokens,
// and the part of the server's own API that minds members.
//
// Signalling is spoken here and not by LiveKit's SDK: see
// docs/decisions/0011-own-livekit-signalling.md.
package room
