package voiceping

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/media/rtc"
)

var (
	// errForced says that a dispatcher disconnected or banned the port.
	errForced = errors.New("disconnected by a dispatcher")
	// errUnacknowledged says that the server takes no notice of what is sent,
	// as after it reaped an older connection of the same user.
	errUnacknowledged = errors.New("the server does not acknowledge the port's voice")
)

// maxUnacknowledged is how many frames may be sent without a receiver report;
// one comes every 4 to 5 s.
const maxUnacknowledged = 265

// session is one connection to the server with all its media.
type session struct {
	link  *Link
	conn  *conn
	ev    gateway.LinkEvents
	voice *rtc.Publication
	ears  []*rtc.Chorus
	ended chan error // why the connection ended
	news  chan struct{}
	work  sync.WaitGroup
	stop  context.CancelFunc
	ctx   context.Context

	mu       sync.Mutex
	forced   error
	consumed map[voice]bool
}

func (l *Link) connect(ctx context.Context, token string, ev gateway.LinkEvents) (*session, error) {
	s := &session{link: l, ev: ev, ended: make(chan error, 1), news: make(chan struct{}, 1), consumed: make(map[voice]bool)}
	c, err := dial(ctx, l.cfg.URL, token, l.cfg.Client, s.pushed)
	if err != nil {
		return nil, err
	}
	s.conn = c
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.work.Go(func() { s.ended <- c.run(s.ctx) })
	return s, nil
}

// close ends everything the session started.
func (s *session) close() {
	s.stop()
	if s.voice != nil {
		_ = s.voice.Close()
	}
	for _, e := range s.ears {
		_ = e.Close()
	}
	s.work.Wait()
}

// because prefers what the server said to how the connection ended.
func (s *session) because(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forced != nil {
		return s.forced
	}
	return err
}

// join becomes a member of every channel, with media.
func (s *session) join(ctx context.Context) error {
	cfg := s.link.cfg
	for _, channel := range append([]string{cfg.Channel}, cfg.Monitor...) {
		if err := s.conn.ask(ctx, wire.JoinChannel, wire.OfChannel{ChannelID: channel}, nil); err != nil {
			return fmt.Errorf("channel %q: %w", channel, err)
		}
		if channel == cfg.Channel {
			// At the join, not at the press: a producer made after ptt-start
			// is never resumed.
			voice, err := cfg.Engine.Publish(ctx, s.publish)
			if err != nil {
				return fmt.Errorf("channel %q: %w", channel, err)
			}
			s.voice = voice
			s.link.out.Follow(voice)
		}
		ear, err := cfg.Engine.Listen(ctx, s.listen(channel), s.ev.Receive)
		if err != nil {
			return fmt.Errorf("channel %q: %w", channel, err)
		}
		s.ears = append(s.ears, ear)
	}
	s.work.Go(s.consume)
	s.look()
	return nil
}

// publish carries an offer to the server, which speaks no SDP.
func (s *session) publish(ctx context.Context, offer string) (string, error) {
	t, o, err := s.transport(ctx, offer, s.link.cfg.Channel, "send")
	if err != nil {
		return "", err
	}
	if err := s.conn.ask(ctx, wire.Produce, wire.NewProducer{
		TransportID: t.ID, Kind: "audio", ChannelID: s.link.cfg.Channel,
		RTPParameters: wire.RTPParameters{
			MID: "0", Codecs: []wire.CodecParameters{wire.Opus(o.PayloadType)}, HeaderExtensions: []wire.ExtensionParameters{},
			Encodings: []wire.Encoding{{SSRC: o.SSRC}}, RTCP: wire.RTCPParameters{CNAME: s.link.cfg.UserID, ReducedSize: true},
		},
	}, nil); err != nil {
		return "", err
	}
	return answer(t, offer, false)
}

func (s *session) listen(channel string) rtc.Exchange {
	return func(ctx context.Context, offer string) (string, error) {
		t, _, err := s.transport(ctx, offer, channel, "recv")
		if err != nil {
			return "", err
		}
		return answer(t, offer, true)
	}
}

// transport makes a transport for an offer and gives it our certificate. The
// server is always the passive side of DTLS, so we are the client.
func (s *session) transport(ctx context.Context, offer, channel, direction string) (wire.Transport, rtc.Offered, error) {
	o, err := rtc.ReadOffer(offer)
	if err != nil {
		return wire.Transport{}, o, err
	}
	var t wire.Transport
	if err := s.conn.ask(ctx, wire.CreateTransport, wire.NewTransport{ChannelID: channel, Direction: direction}, &t); err != nil {
		return t, o, err
	}
	return t, o, s.conn.ask(ctx, wire.ConnectTransport, wire.Connect{TransportID: t.ID, DTLSParameters: wire.DTLSParameters{
		Role: "client", Fingerprints: []wire.Fingerprint{{Algorithm: "sha-256", Value: o.Fingerprint}},
	}}, nil)
}

// answer writes the SDP that the server would if it spoke it.
func answer(t wire.Transport, offer string, sends bool) (string, error) {
	p := rtc.Peer{UsernameFragment: t.ICEParameters.UsernameFragment, Password: t.ICEParameters.Password}
	for _, f := range t.DTLSParameters.Fingerprints {
		if f.Algorithm == "sha-256" {
			p.Algorithm, p.Fingerprint = f.Algorithm, f.Value
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
		p.Candidates = append(p.Candidates, rtc.Candidate{Foundation: c.Foundation, Priority: c.Priority, Address: address, Port: c.Port})
	}
	return p.Answer(offer, sends)
}

// look makes consume look at the roster.
func (s *session) look() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// consume asks for the stream of every known producer, once.
func (s *session) consume() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.news:
		}
		for _, v := range s.link.members.all() {
			if s.consumed[v] || s.ctx.Err() != nil {
				continue
			}
			err := s.conn.ask(s.ctx, wire.Consume, wire.NewConsumer{ChannelID: v.channel, ProducerID: v.producer,
				RTPCapabilities: wire.OpusCapability()}, nil)
			var no *Refusal
			switch {
			case err == nil:
				s.consumed[v] = true
			case errors.As(err, &no):
				s.link.members.drop(v)
				s.link.log.Debug("a member cannot be heard", "channel", v.channel, "error", err)
			}
		}
	}
}

// watch waits for the session's end and says what ended it.
func (s *session) watch(ctx context.Context) error {
	over := make(chan error, 1)
	for _, e := range s.ears {
		s.work.Go(func() {
			select {
			case <-e.Done():
				select {
				case over <- fmt.Errorf("what is heard: %w", e.Err()):
				default:
				}
			case <-s.ctx.Done():
			}
		})
	}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-s.ended:
			return err
		case err := <-over:
			return err
		case <-s.voice.Done():
			return fmt.Errorf("what is said: %w", s.voice.Err())
		case <-tick.C:
			if s.voice.Unacknowledged() > maxUnacknowledged {
				return errUnacknowledged
			}
		}
	}
}

// pushed takes in what the server says by itself. It runs on the reading
// goroutine and returns at once.
func (s *session) pushed(f wire.Frame) {
	l := s.link
	switch f.Type {
	case wire.SpeakerChanged:
		var c wire.Change
		if f.Into(&c) == nil && c.ProducerID != "" && c.CurrentSpeaker != nil && *c.CurrentSpeaker != l.cfg.UserID &&
			s.listens(c.ChannelID) && l.members.learn(c.ChannelID, *c.CurrentSpeaker, c.ProducerID) {
			s.look()
		}
	case wire.ChannelState:
		var p wire.Presence
		if f.Into(&p) == nil && (p.Action == wire.UserLeft || p.Action == wire.UserDisconnected) {
			l.members.forget(p.ChannelID, p.UserID)
		}
	case wire.PTTInterrupted:
		var i wire.Interruption
		if f.Into(&i) == nil && i.ChannelID == l.cfg.Channel {
			s.work.Go(func() { l.interrupted(s, i) })
		}
	case wire.ForceDisconnected:
		var d wire.Forced
		_ = f.Into(&d)
		s.mu.Lock()
		s.forced = fmt.Errorf("%w: %s", errForced, d.Reason)
		s.mu.Unlock()
	case wire.PermissionUpdate:
		// A hint: the rights are watched in Redis, where the server reads them.
		if p, err := wire.ParsePermissions(f.Data); err == nil {
			l.log.Debug("the server pushes permissions", "channels", p.Channels, "pending", p.Pending)
		}
	default:
	}
}

func (s *session) listens(channel string) bool {
	return channel == s.link.cfg.Channel || slices.Contains(s.link.cfg.Monitor, channel)
}
