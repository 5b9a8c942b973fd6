package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/link/livekit"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
)

func openLiveKit(cfg config.Config, engine *rtc.Engine, state *redis.Client, log *slog.Logger) (*livekit.Link, error) {
	l := cfg.Link.LiveKit
	access, err := liveKitAccess(l, cfg.Identity)
	if err != nil {
		return nil, err
	}
	return livekit.New(livekit.Config{
		Servers: append([]string{string(l.URL)}, strings.Fields(l.FallbackURLs)...),
		Channel: cfg.Channel,
		Monitor: cfg.Monitored(),
		Access:  access,
		Floor:   state,
		Engine:  engine,
		Logger:  log,
	})
}

// liveKitAccess is where the port's tokens come from. What cannot be read now is
// an error at once.
func liveKitAccess(l *config.LiveKitLink, who config.Identity) (func(context.Context, string) (livekit.Access, error), error) {
	if l.TokenURL == "" {
		key := func() (room.Key, error) { return readLiveKitKey("link.key_file", l.KeyFile) }
		if _, err := key(); err != nil {
			return nil, err
		}
		return livekit.Minter(key, who.UserID, who.UserName), nil
	}
	var bearer func() (string, error)
	if l.BearerFile != "" {
		bearer = func() (string, error) { return config.Secret("link.bearer_file", l.BearerFile) }
		if _, err := bearer(); err != nil {
			return nil, err
		}
	}
	return livekit.TokenURL(string(l.TokenURL), bearer, who.UserID, who.UserName, nil), nil
}

// roomTokenLife is that of the tokens which a hub makes for pages: each is used
// at once.
const roomTokenLife = time.Minute

// liveKitRooms is the LiveKit of a hub's channels; nil if there is none.
func liveKitRooms(flags hubFlags) (*hub.Rooms, error) {
	if flags.livekit == "" {
		return nil, nil
	}
	if err := room.CheckURL(flags.livekit); err != nil {
		return nil, config.Mistake{Err: fmt.Errorf("--livekit: %w", err)}
	}
	key, err := readLiveKitKey("--livekit-key-file", flags.livekitKey)
	if err != nil {
		return nil, err
	}
	return &hub.Rooms{URL: flags.livekit, Token: func(channel, userID, userName string) (string, error) {
		return key.Sign(userID, userName, room.Grant{Room: channel, RoomJoin: true, CanPublish: true, CanSubscribe: true}, roomTokenLife)
	}}, nil
}

// readLiveKitKey reads the API key that the setting named key is the file of.
func readLiveKitKey(key string, file config.File) (room.Key, error) {
	text, err := config.Secret(key, file)
	if err != nil {
		return room.Key{}, err
	}
	k, err := room.ParseKey(text)
	if err != nil {
		return room.Key{}, config.Mistake{Err: fmt.Errorf("%s: %s: %w", key, file, err)}
	}
	return k, nil
}
