package wire

// The parameters of media, as mediasoup writes them.

// ICEParameters are those of a server's transport; it is always lite.
type ICEParameters struct {
	UsernameFragment string `json:"usernameFragment"`
	Password         string `json:"password"`
	ICELite          bool   `json:"iceLite"`
}

// ICECandidate is where a transport listens.
type ICECandidate struct {
	Foundation string `json:"foundation"`
	Priority   uint32 `json:"priority"`
	IP         string `json:"ip"`
	Address    string `json:"address"`
	Protocol   string `json:"protocol"`
	Port       uint16 `json:"port"`
	Type       string `json:"type"`
	TCPType    string `json:"tcpType,omitempty"`
}

// Fingerprint is that of a certificate: pairs of upper-case hexadecimal digits,
// parted by colons. Lower case makes the server drop the transport in silence.
type Fingerprint struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// DTLSParameters are one side's. Role is "client" or "server" from us.
type DTLSParameters struct {
	Fingerprints []Fingerprint `json:"fingerprints"`
	Role         string        `json:"role,omitempty"`
}

// Transport is a transport of the server's, new for each channel and direction.
type Transport struct {
	ID             string         `json:"id"`
	ICEParameters  ICEParameters  `json:"iceParameters"`
	ICECandidates  []ICECandidate `json:"iceCandidates"`
	DTLSParameters DTLSParameters `json:"dtlsParameters"`
}

// Feedback is a kind of RTCP feedback.
type Feedback struct {
	Type      string `json:"type"`
	Parameter string `json:"parameter"`
}

// CodecParameters is a codec in use.
type CodecParameters struct {
	MimeType     string         `json:"mimeType"`
	PayloadType  uint8          `json:"payloadType"`
	ClockRate    int            `json:"clockRate"`
	Channels     int            `json:"channels"`
	Parameters   map[string]any `json:"parameters"`
	RTCPFeedback []Feedback     `json:"rtcpFeedback"`
}

// Encoding is one stream of packets.
type Encoding struct {
	SSRC uint32 `json:"ssrc"`
}

// RTCPParameters belong to RTPParameters.
type RTCPParameters struct {
	CNAME       string `json:"cname"`
	ReducedSize bool   `json:"reducedSize"`
}

// ExtensionParameters is an RTP header extension in use.
type ExtensionParameters struct {
	URI        string         `json:"uri"`
	ID         int            `json:"id"`
	Encrypt    bool           `json:"encrypt"`
	Parameters map[string]any `json:"parameters"`
}

// RTPParameters describe a stream that is sent, by either side.
type RTPParameters struct {
	MID              string                `json:"mid,omitempty"`
	Codecs           []CodecParameters     `json:"codecs"`
	HeaderExtensions []ExtensionParameters `json:"headerExtensions"`
	Encodings        []Encoding            `json:"encodings"`
	RTCP             RTCPParameters        `json:"rtcp"`
	MSID             string                `json:"msid,omitempty"`
}

// CodecCapability is a codec that could be used.
type CodecCapability struct {
	Kind                 string         `json:"kind"`
	MimeType             string         `json:"mimeType"`
	ClockRate            int            `json:"clockRate"`
	Channels             int            `json:"channels"`
	RTCPFeedback         []Feedback     `json:"rtcpFeedback"`
	Parameters           map[string]any `json:"parameters"`
	PreferredPayloadType uint8          `json:"preferredPayloadType"`
}

// ExtensionCapability is an RTP header extension that could be used.
type ExtensionCapability struct {
	Kind             string `json:"kind"`
	URI              string `json:"uri"`
	PreferredID      int    `json:"preferredId"`
	PreferredEncrypt bool   `json:"preferredEncrypt"`
	Direction        string `json:"direction"`
}

// RTPCapabilities is what one side could receive.
type RTPCapabilities struct {
	Codecs           []CodecCapability     `json:"codecs"`
	HeaderExtensions []ExtensionCapability `json:"headerExtensions"`
}

// Opus is the one codec there is: two channels, though the payload be mono.
func Opus(payloadType uint8) CodecParameters {
	return CodecParameters{MimeType: "audio/opus", PayloadType: payloadType, ClockRate: 48000, Channels: 2,
		Parameters: map[string]any{"minptime": 10, "useinbandfec": 1}, RTCPFeedback: []Feedback{}}
}

// OpusCapability is Opus as a receiver asks for it.
func OpusCapability() RTPCapabilities {
	return RTPCapabilities{
		Codecs: []CodecCapability{{Kind: "audio", MimeType: "audio/opus", ClockRate: 48000, Channels: 2,
			RTCPFeedback: []Feedback{}, Parameters: map[string]any{}, PreferredPayloadType: 111}},
		HeaderExtensions: []ExtensionCapability{},
	}
}
