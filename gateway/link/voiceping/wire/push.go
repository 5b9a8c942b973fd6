package wire

import (
	"encoding/json"
	"fmt"
)

// What the server sends by itself.
const (
	ChannelList       Type = "channel-list"
	ChannelState      Type = "channel-state"
	SpeakerChanged    Type = "speaker-changed"
	PermissionUpdate  Type = "permission-update"
	PTTInterrupted    Type = "ptt-interrupted"
	EmergencyStarted       = EmergencyBroadcastOn
	EmergencyStopped       = EmergencyBroadcastOff
	ForceDisconnected      = ForceDisconnect
	TypeError         Type = "error"
)

// Membership is channel-list: what the token gives.
type Membership struct {
	Channels   []string `json:"channels"`
	Role       string   `json:"role"`
	GlobalRole string   `json:"globalRole"`
}

// State is who has the floor of a channel. The pointers are null on an idle one.
type State struct {
	ChannelID      string  `json:"channelId"`
	CurrentSpeaker *string `json:"currentSpeaker"`
	SpeakerName    *string `json:"speakerName"`
	IsBusy         bool    `json:"isBusy"`
	LockTimestamp  *int64  `json:"lockTimestamp"`
}

// Change is speaker-changed. ProducerID is in the direct copy only: where it is
// missing, nothing is said about it.
type Change struct {
	State
	ProducerID string `json:"producerId,omitempty"`
}

// What happened to a member, in Presence.
const (
	UserJoined       = "user-joined"
	UserLeft         = "user-left"
	UserDisconnected = "user-disconnected"
)

// Presence is a channel-state without id: a member came or went.
type Presence struct {
	State
	Action    string `json:"action"`
	UserID    string `json:"userId"`
	UserName  string `json:"userName"`
	UserCount *int   `json:"userCount,omitempty"`
}

// Interruption is ptt-interrupted: the server has silenced the talker and left
// the lock.
type Interruption struct {
	ChannelID     string `json:"channelId"`
	InterruptedBy string `json:"interruptedBy"`
	Message       string `json:"message"`
}

// Emergency is emergency-broadcast-start and -stop as all are told.
type Emergency struct {
	DispatchUserID   string `json:"dispatchUserId"`
	DispatchUserName string `json:"dispatchUserName"`
	ChannelID        string `json:"channelId"`
}

// Forced is force-disconnect; close code 4003 follows.
type Forced struct {
	Reason string `json:"reason"`
}

// Permissions is a permission-update, brought from its three shapes into one.
// It is a hint: the rights are in Redis.
type Permissions struct {
	// Channels is the whole new list.
	Channels []string
	// Added and Removed are set by the server's heartbeat only.
	Added, Removed []string
	// Pending is whether the server defers the removal until the talker stops.
	Pending bool
}

// ParsePermissions reads the data of a permission-update.
func ParsePermissions(data json.RawMessage) (Permissions, error) {
	var v struct {
		ChannelIDs     []string        `json:"channelIds"`
		Channels       []string        `json:"channels"`
		Added          []string        `json:"added"`
		Removed        []string        `json:"removed"`
		PendingRemoval json.RawMessage `json:"pendingRemoval"`
		Type           Type            `json:"type"`
		Data           json.RawMessage `json:"data"`
	}
	// One of them is wrapped twice.
	for range 3 {
		v.Type = ""
		if err := json.Unmarshal(data, &v); err != nil {
			return Permissions{}, fmt.Errorf("data of %s: %w", PermissionUpdate, err)
		}
		if v.Type != PermissionUpdate || len(v.Data) == 0 {
			break
		}
		data, v.Data = v.Data, nil
	}
	p := Permissions{Channels: v.ChannelIDs, Added: v.Added, Removed: v.Removed}
	if p.Channels == nil {
		p.Channels = v.Channels
	}
	switch string(v.PendingRemoval) {
	case "", "false", "null", "[]":
	default:
		p.Pending = true
	}
	return p, nil
}
