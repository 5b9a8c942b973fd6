package drivers

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/talkgate/talkgate/gateway/config"
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
		key := func() (room.Key, error) { return ReadLiveKitKey("link.key_file", l.KeyFile) }
		if _, err := key(); err != nil {
			return nil, err
		}
		return livekit.Minter(key, who.UserID, who.UserName, !l.GuardGrants), nil
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

// ReadLiveKitKey reads the API key that the setting named key is the file of.
func ReadLiveKitKey(key string, file config.File) (room.Key, error) {
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
