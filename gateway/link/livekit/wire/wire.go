// Package wire is LiveKit's signalling as far as talkgate speaks it: messages of
// protocol buffers, each a binary frame of a WebSocket.
package wire

//go:generate sh generate.sh

// Protocol is the version of the signalling that talkgate asks for.
const Protocol = 13
