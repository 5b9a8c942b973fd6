package room

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
)

// streamsWithin bounds the wait for the streams of those who are there already.
const streamsWithin = time.Second

// Hearer processes the packets of one member's stream, one at a time; the packet
// is reused when it returns.
type Hearer func(p *rtp.Packet, arrived time.Time)

// Config is a session to join.
type Config struct {
	// Server is its URL, Token the access token, which names the room.
	Server, Token string
	// Publish is whether the member has a stream to send. If the token forbids it,
	// the stream is published when the server permits it.
	Publish bool
	// Hear is asked for each stream that begins who takes it in; identity may
	// be asked for as often as wanted, and is empty while the server has not
	// told whose stream it is.
	Hear func(identity func() string) Hearer
	// Changed is told that who is in the room, or what they may do, has
	// changed; it returns at once. It may be nil.
	Changed func()
	// Engine makes the media sessions and outlives this one.
	Engine *rtc.Engine
	// Client makes the handshake; nil is Go's default.
	Client *http.Client
	Logger *slog.Logger
}

// Session is membership of one room, from the join to its end.
type Session struct {
	cfg      Config
	engine   *rtc.Engine
	conn     *conn
	received *rtc.AnsweringReceiver
	sid      string
	roster   roster

	voice   atomic.Pointer[voice] // nil if nothing is published
	may     atomic.Bool           // the server lets it send
	asked   atomic.Bool           // to publish, which a session does once
	token   atomic.Pointer[string]
	sending rtc.Trickle
	// streams is how many have begun, begun that one has.
	streams atomic.Int64
	begun   chan struct{}

	published chan *wire.TrackPublishedResponse
	refused   chan struct{} // the permission to publish was taken
	answers   chan string
	offers    chan string

	ctx       context.Context
	end       context.CancelCauseFunc
	work      sync.WaitGroup
	answering sync.WaitGroup
}

// Join becomes a member, and returns when it hears and, if it publishes, is
// heard.
func Join(ctx context.Context, cfg Config) (*Session, error) {
	answer, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	c, err := dial(answer, cfg.Server, cfg.Token, cfg.Client)
	if err != nil {
		return nil, err
	}
	s := &Session{
		cfg: cfg, engine: cfg.Engine, conn: c,
		roster:    roster{members: make(map[string]Member)},
		begun:     make(chan struct{}, 1),
		published: make(chan *wire.TrackPublishedResponse, 1),
		refused:   make(chan struct{}, 1),
		answers:   make(chan string, 1),
		offers:    make(chan string, 16),
	}
	s.token.Store(&cfg.Token)
	s.ctx, s.end = context.WithCancelCause(context.WithoutCancel(ctx))
	if err := s.join(ctx); err != nil {
		s.end(err)
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Session) join(ctx context.Context) error {
	answer, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	first, err := s.conn.read(answer)
	if err != nil {
		return err
	}
	if bye := first.GetLeave(); bye != nil {
		return left(bye)
	}
	hello := first.GetJoin()
	if hello == nil {
		return errors.New("LiveKit does not begin with a join")
	}
	if other := hello.GetAlternativeUrl(); other != "" {
		return &LeftError{Reason: wire.DisconnectReason_JOIN_FAILURE, URLs: []string{other}}
	}
	s.sid = hello.GetParticipant().GetSid()
	may := hello.GetParticipant().GetPermission().GetCanPublish()
	s.may.Store(may)
	s.asked.Store(may)
	s.roster.update(hello.GetOtherParticipants())
	if s.received, err = s.engine.ReceiveOffered(s.hear); err != nil {
		return err
	}
	s.work.Go(func() { s.end(s.listen()) })
	s.work.Go(func() { s.end(s.conn.keepAlive(s.ctx)) })
	s.answering.Go(s.answer)
	if s.cfg.Publish && may {
		if err := s.publish(ctx); err != nil && !errors.Is(err, errRefused) {
			return err
		}
	}
	select {
	case <-s.received.Connected():
	case <-s.received.Done():
		return fmt.Errorf("what is heard: %w", s.received.Err())
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-ctx.Done():
		return errors.New("LiveKit sends no media")
	}
	s.work.Go(func() { s.end(s.watch()) })
	if s.cfg.Publish {
		s.awaitStreams(ctx)
	}
	return nil
}

// awaitStreams waits until what the others publish can be heard, but not for
// long: some of it the server may never forward.
func (s *Session) awaitStreams(ctx context.Context) {
	var tracks int64
	for _, m := range s.roster.all() {
		tracks += int64(len(m.Tracks))
	}
	enough := time.NewTimer(streamsWithin)
	defer enough.Stop()
	for s.streams.Load() < tracks {
		select {
		case <-s.begun:
		case <-enough.C:
			return
		case <-s.ctx.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// hear begins a stream, which the server calls "session|track".
func (s *Session) hear(stream string) rtc.PacketHandler {
	sid, _, _ := strings.Cut(stream, "|")
	take := s.cfg.Hear(func() string { return s.roster.identity(sid) })
	s.streams.Add(1)
	offer(s.begun, struct{}{})
	return func(p *rtp.Packet, arrived time.Time) {
		if !isBlank(p.Payload) {
			take(p, arrived)
		}
	}
}

// isBlank reports whether an Opus frame is the silence that LiveKit makes itself,
// for the first second of a stream that has no sound yet: 80 bytes of nothing.
func isBlank(payload []byte) bool {
	if len(payload) != 80 || payload[0] != 0xF8 || payload[1] != 0xFF || payload[2] != 0xFE {
		return false
	}
	for _, b := range payload[3:] {
		if b != 0 {
			return false
		}
	}
	return true
}

// watch waits for the end of what is heard and says what ended it.
func (s *Session) watch() error {
	select {
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-s.received.Done():
		return fmt.Errorf("what is heard: %w", s.received.Err())
	}
}

// WriteOpus is that of a [port.Link]. What may not be sent is not.
func (s *Session) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	v := s.voice.Load()
	if v == nil || !s.may.Load() {
		return port.ErrLinkDown
	}
	err := v.WriteOpus(frame, timestamp, first)
	if err != nil && v.Err() != nil {
		return port.ErrLinkDown
	}
	return err
}

// MayPublish reports whether the server lets the member send. A member that publishes
// has its stream by then.
func (s *Session) MayPublish() bool {
	return s.may.Load() && (!s.cfg.Publish || s.voice.Load() != nil)
}

// Members are the others in the room, but for those who hide.
func (s *Session) Members() []Member { return s.roster.all() }

// Heard measures what comes.
func (s *Session) Heard() rtc.Measured { return s.received }

// Said measures how what is sent arrives; nil if nothing is published.
func (s *Session) Said() rtc.Measured {
	if v := s.voice.Load(); v != nil {
		return v.Publication
	}
	return nil
}

// Token is the newest token for this room: the server renews it for as long as
// the session stands.
func (s *Session) Token() string { return *s.token.Load() }

// Done is closed when the session ends.
func (s *Session) Done() <-chan struct{} { return s.ctx.Done() }

// Err is why it ended.
func (s *Session) Err() error { return context.Cause(s.ctx) }

// Close leaves the room and waits for all that the session started.
func (s *Session) Close() {
	s.conn.goodbye()
	s.end(context.Canceled)
	_ = s.conn.ws.CloseNow()
	if v := s.voice.Load(); v != nil {
		_ = v.Close()
	}
	// A connection that is closed in the middle of an answer would leave parts of
	// itself behind.
	s.answering.Wait()
	if s.received != nil {
		_ = s.received.Close()
	}
	s.work.Wait()
	// It may have been published meanwhile.
	if v := s.voice.Load(); v != nil {
		_ = v.Close()
	}
}
