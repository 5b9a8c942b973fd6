package voiceping

import (
	"context"
	"net/netip"
	"strings"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/media/sdp"
)

// publish makes a send transport for an SDP offer and returns the answer. The server
// itself does not use SDP.
func (s *session) publish(ctx context.Context, offer string) (string, error) {
	t, o, err := s.transport(ctx, offer, s.link.cfg.Channel, sdp.SendOnly)
	if err != nil {
		return "", err
	}
	var made wire.Produced
	if err := s.conn.ask(ctx, wire.Produce, wire.NewProducer{
		TransportID: t.ID, Kind: "audio", ChannelID: s.link.cfg.Channel,
		RTPParameters: wire.RTPParameters{
			MID: "0", Codecs: []wire.CodecParameters{wire.Opus(o.PayloadType)}, HeaderExtensions: []wire.ExtensionParameters{},
			Encodings: []wire.Encoding{{SSRC: o.SSRC}}, RTCP: wire.RTCPParameters{CNAME: s.link.cfg.UserID, ReducedSize: true},
		},
	}, &made); err != nil {
		return "", err
	}
	s.produced = made.ID
	return answer(t, o)
}

// silence is an Opus frame of 20 ms without sound.
func silence() []byte { return []byte{0xF8, 0xFF, 0xFE} }

// write sends a frame of speech.
func (s *session) write(frame []byte, timestamp uint32, first bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.timestamp = timestamp + media.FrameSamples
	return s.voice.WriteOpus(frame, timestamp, first)
}

// probe sends a frame of silence, to see whether the server forwards it. Its timestamp
// is not later than that of the speech that follows.
func (s *session) probe() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.voice.WriteOpus(silence(), s.timestamp, false)
}

func (s *session) listen(channel string) rtc.Exchange {
	return func(ctx context.Context, offer string) (string, error) {
		t, o, err := s.transport(ctx, offer, channel, sdp.RecvOnly)
		if err != nil {
			return "", err
		}
		return answer(t, o)
	}
}

// transport makes a transport for an offer and gives it our certificate. The
// server is always the passive side of DTLS, so we are the client.
func (s *session) transport(ctx context.Context, offer, channel string, author sdp.Direction) (wire.Transport, *sdp.Offer, error) {
	var t wire.Transport
	o, err := sdp.ParseOffer(offer, author)
	if err != nil {
		return t, nil, err
	}
	o.REDType = 0 // the server would not forward it
	if err := s.conn.ask(ctx, wire.CreateTransport, wire.NewTransport{ChannelID: channel, Direction: strings.TrimSuffix(string(author), "only")}, &t); err != nil {
		return t, nil, err
	}
	return t, o, s.conn.ask(ctx, wire.ConnectTransport, wire.Connect{TransportID: t.ID, DTLSParameters: wire.DTLSParameters{
		Role: "client", Fingerprints: []wire.Fingerprint{{Algorithm: "sha-256", Value: o.Print("sha-256")}},
	}}, nil)
}

// answer writes the SDP answer for a transport of the server.
func answer(t wire.Transport, o *sdp.Offer) (string, error) {
	l := sdp.Local{Credentials: sdp.Credentials{Ufrag: t.ICEParameters.UsernameFragment, Password: t.ICEParameters.Password}}
	for _, f := range t.DTLSParameters.Fingerprints {
		if f.Algorithm == "sha-256" {
			l.Fingerprint = f.Value
		}
	}
	for _, c := range t.ICECandidates {
		if c.Protocol != "udp" {
			continue
		}
		address := c.Address
		if address == "" {
			address = c.IP
		}
		addr, _ := netip.ParseAddr(address) // Answer refuses an invalid one
		l.Candidates = append(l.Candidates, sdp.Candidate{Foundation: c.Foundation, Priority: c.Priority, Addr: netip.AddrPortFrom(addr, c.Port)})
	}
	return o.Answer(l)
}
