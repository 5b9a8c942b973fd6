// Package compare runs one suite of scenarios over every kind of link.
package compare

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/hub/auth"
	linkhub "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/gateway/link/livekit"
	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/link/voiceping"
	"github.com/talkgate/talkgate/gateway/link/voiceping/standin"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

const secret = "a secret of these tests, 32 bytes and more"

// server is a channel server with links to it.
type server interface {
	link(user string, role redis.Role, state *redis.Client) (port.Link, port.SpeakerLock)
	// restart takes the server away and brings it back; it answers again.
	restart()
}

// kind is a kind of link.
type kind struct {
	name  string
	start func(t *testing.T, r *redistest.Server, e *rtc.Engine, log *slog.Logger) server
}

func kinds() []kind {
	return []kind{
		{"hub", startHub},
		{"VoicePing stand-in", startVoicePing},
		{"LiveKit 1.8.0", startLiveKit},
	}
}

type hubServer struct {
	t      *testing.T
	engine *rtc.Engine
	log    *slog.Logger
	state  *redis.Client
	cfg    hub.Config
	stop   func()
	url    string
}

func startHub(t *testing.T, r *redistest.Server, e *rtc.Engine, log *slog.Logger) server {
	s := &hubServer{t: t, engine: e, log: log, state: open(t, r, log)}
	s.cfg = hub.Config{Listen: "127.0.0.1:0", Secret: []byte(secret), State: s.state, Logger: log}
	s.run()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *hubServer) run() {
	engine, err := icelite.NewServer(icelite.Config{UDP: "127.0.0.1:0", PeerTimeout: 2 * time.Second})
	if err != nil {
		s.t.Fatal(err)
	}
	s.cfg.Media = engine
	h, err := hub.New(s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cfg.Listen = h.Addr().String()
	s.url = "http://" + s.cfg.Listen
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Run(ctx) }()
	s.stop = func() { cancel(); <-done }
}

func (s *hubServer) restart() { s.stop(); s.run() }

func (s *hubServer) link(user string, role redis.Role, state *redis.Client) (port.Link, port.SpeakerLock) {
	c := auth.Claims{UserID: user, UserName: user, ChannelIDs: []string{channel}, Role: string(role),
		RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}}
	token, err := c.Sign([]byte(secret))
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := linkhub.New(linkhub.Config{URL: s.url, Channel: channel, Engine: s.engine, Logger: s.log,
		Token: func(context.Context) (string, error) { return token, nil }})
	if err != nil {
		s.t.Fatal(err)
	}
	return l, state
}

type voicePingServer struct {
	t      *testing.T
	engine *rtc.Engine
	log    *slog.Logger
	server *standin.Server
}

func startVoicePing(t *testing.T, r *redistest.Server, e *rtc.Engine, log *slog.Logger) server {
	s := &voicePingServer{t: t, engine: e, log: log,
		server: standin.Start(standin.Config{Redis: r.Addr, Secret: []byte(secret), Connections: 1000, Authentications: 1000})}
	t.Cleanup(s.server.Close)
	return s
}

func (s *voicePingServer) restart() { s.server.Restart() }

func (s *voicePingServer) link(user string, role redis.Role, state *redis.Client) (port.Link, port.SpeakerLock) {
	l, err := voiceping.New(voiceping.Config{URL: s.server.URL, UserID: user, Role: role, Channel: channel, Engine: s.engine, State: state, Logger: s.log,
		Token: func(context.Context, string) (string, error) {
			return s.server.Token(user, string(role), time.Hour, channel), nil
		}})
	if err != nil {
		s.t.Fatal(err)
	}
	return l, l
}

type liveKitServer struct {
	t      *testing.T
	engine *rtc.Engine
	log    *slog.Logger
	server *livekittest.Server
}

func startLiveKit(t *testing.T, _ *redistest.Server, e *rtc.Engine, log *slog.Logger) server {
	return &liveKitServer{t: t, engine: e, log: log, server: livekittest.Start(t, "")}
}

func (s *liveKitServer) restart() { s.server.Restart() }

func (s *liveKitServer) link(user string, _ redis.Role, state *redis.Client) (port.Link, port.SpeakerLock) {
	key := livekittest.Key(s.t)
	l, err := livekit.New(livekit.Config{Servers: []string{s.server.URL}, Channel: channel, Floor: state, Engine: s.engine, Logger: s.log,
		Access: livekit.Minter(func() (room.Key, error) { return key, nil }, user, user, true)})
	if err != nil {
		s.t.Fatal(err)
	}
	return l, state
}
