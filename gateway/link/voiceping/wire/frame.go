// Package wire is the signalling of the VoicePing servers: text frames of JSON
// over a WebSocket. It knows the shapes, not what to do about them.
//
// Every successful reply has the type "channel-state", whatever was asked; it
// is told from a push by its id.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MaxFrame is the longest frame that is read, in bytes. Router capabilities,
// the longest known, take 5 kB.
const MaxFrame = 256 << 10

// Subprotocol is what the server answers when the token travels beside it in
// Sec-WebSocket-Protocol.
const Subprotocol = "voiceping"

// Type tells frames apart.
type Type string

// Requests. What the server sends by itself is in push.go.
const (
	JoinChannel           Type = "join-channel"
	LeaveChannel          Type = "leave-channel"
	GetRouterCapabilities Type = "get-router-capabilities"
	CreateTransport       Type = "create-transport"
	ConnectTransport      Type = "connect-transport"
	Produce               Type = "produce"
	Consume               Type = "consume"
	PTTStart              Type = "ptt-start"
	PTTStop               Type = "ptt-stop"
	PriorityPTTStart      Type = "priority-ptt-start"
	PriorityPTTStop       Type = "priority-ptt-stop"
	EmergencyBroadcastOn  Type = "emergency-broadcast-start"
	EmergencyBroadcastOff Type = "emergency-broadcast-stop"
	ForceDisconnect       Type = "force-disconnect"
	BanUser               Type = "ban-user"
	UnbanUser             Type = "unban-user"
	Ping                  Type = "ping"
)

const (
	// CloseForced is the WebSocket close code after force-disconnect or a ban.
	CloseForced = 4003
	// RoleUndetermined is the error that answers priority-ptt-start on a busy
	// channel, always.
	RoleUndetermined = "Cannot determine current speaker role"
	// ChannelFull is the error that answers join-channel where 100 members are.
	ChannelFull = "Channel is full"
)

// Frame is one message. Data is left for whoever knows what it answers.
type Frame struct {
	Type  Type            `json:"type"`
	ID    string          `json:"id,omitempty"`
	Data  json.RawMessage `json:"data,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Parse reads one frame.
func Parse(text []byte) (Frame, error) {
	if len(text) > MaxFrame {
		return Frame{}, fmt.Errorf("frame of %d bytes, want at most %d", len(text), MaxFrame)
	}
	var f Frame
	if err := json.Unmarshal(text, &f); err != nil {
		return Frame{}, fmt.Errorf("not a frame: %w", err)
	}
	if f.Type == "" {
		return Frame{}, errors.New("not a frame: it has no type")
	}
	return f, nil
}

// Reply reports whether f answers a request, well or badly.
func (f Frame) Reply() bool { return f.ID != "" && (f.Type == ChannelState || f.Type == TypeError) }

// Into decodes the data of f.
func (f Frame) Into(v any) error {
	if len(f.Data) == 0 {
		return fmt.Errorf("%s without data", f.Type)
	}
	if err := json.Unmarshal(f.Data, v); err != nil {
		return fmt.Errorf("data of %s: %w", f.Type, err)
	}
	return nil
}

// Echo reports whether text is one of the many copies of speaker-changed that
// name no producer. Who speaks is read from the speaker lock, so nothing in it
// is news; on a channel that members joined J times a change of speaker brings J
// of them, and this is told without decoding.
func Echo(text []byte) bool {
	return bytes.HasPrefix(text, []byte(`{"type":"speaker-changed",`)) && !bytes.Contains(text, []byte(`"producerId"`))
}
