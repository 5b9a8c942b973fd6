package wire

// The data of requests and of the replies to them.

// OfChannel asks about a channel: join, leave, capabilities and all of PTT.
type OfChannel struct {
	ChannelID string `json:"channelId"`
}

// Joined answers join-channel.
type Joined struct {
	ChannelID string `json:"channelId"`
	State     State  `json:"state"`
	UserCount int    `json:"userCount"`
}

// Left answers leave-channel.
type Left struct {
	ChannelID string `json:"channelId"`
	Success   bool   `json:"success"`
}

// Capabilities answers get-router-capabilities.
type Capabilities struct {
	RouterRTPCapabilities RTPCapabilities `json:"routerRtpCapabilities"`
}

// NewTransport asks for a transport; Direction is "send" or "recv", from where
// the asker stands.
type NewTransport struct {
	ChannelID string `json:"channelId"`
	Direction string `json:"direction"`
}

// Connect gives a transport the asker's certificate.
type Connect struct {
	TransportID    string         `json:"transportId"`
	DTLSParameters DTLSParameters `json:"dtlsParameters"`
}

// Done answers what has no other answer.
type Done struct {
	Success bool `json:"success"`
}

// NewProducer announces a stream to be sent. It starts paused.
type NewProducer struct {
	TransportID   string        `json:"transportId"`
	Kind          string        `json:"kind"`
	ChannelID     string        `json:"channelId"`
	RTPParameters RTPParameters `json:"rtpParameters"`
}

// Produced answers produce.
type Produced struct {
	ID string `json:"id"`
}

// NewConsumer asks for the stream of another member.
type NewConsumer struct {
	ChannelID       string          `json:"channelId"`
	ProducerID      string          `json:"producerId"`
	RTPCapabilities RTPCapabilities `json:"rtpCapabilities"`
}

// Consumer answers consume; packets come at once.
type Consumer struct {
	ID            string        `json:"id"`
	ProducerID    string        `json:"producerId"`
	Kind          string        `json:"kind"`
	RTPParameters RTPParameters `json:"rtpParameters"`
}

// Floor answers ptt-start and -stop and their priority kin: granted and stopped
// with Success and State, refused with Denied and who stands in the way, who may
// be null.
type Floor struct {
	Success            bool    `json:"success"`
	State              *State  `json:"state,omitempty"`
	Denied             bool    `json:"denied,omitempty"`
	CurrentSpeaker     *string `json:"currentSpeaker,omitempty"`
	CurrentSpeakerName *string `json:"currentSpeakerName,omitempty"`
}

// Hold asks for an emergency broadcast; HoldDuration is in milliseconds.
type Hold struct {
	HoldDuration int `json:"holdDuration,omitempty"`
}

// Broadcast answers emergency-broadcast-start and -stop.
type Broadcast struct {
	Success      bool     `json:"success"`
	ChannelCount int      `json:"channelCount"`
	ChannelIDs   []string `json:"channelIds,omitempty"`
	DurationMS   *int64   `json:"durationMs,omitempty"`
}

// Sanction names the member to disconnect, ban or unban; Duration is in
// milliseconds.
type Sanction struct {
	TargetUserID string `json:"targetUserId,omitempty"`
	Reason       string `json:"reason,omitempty"`
	Duration     int64  `json:"duration,omitempty"`
}

// Pong answers ping.
type Pong struct {
	Type string `json:"type"`
}
