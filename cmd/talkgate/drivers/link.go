package drivers

import (
	"context"
	"log/slog"
	"strings"

	"github.com/talkgate/talkgate/gateway/config"
	linkhub "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/gateway/link/voiceping"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
)

// openLink is the media connection of the kind that the configuration names, and what
// takes the floor on it.
func openLink(cfg config.Config, engine *rtc.Engine, logins *voiceping.Logins, tokens *hubTokens, state *redis.Client, log *slog.Logger) (port.Link, port.SpeakerLock, error) {
	switch {
	case cfg.Link.VoicePing != nil:
		link, err := openVoicePing(cfg, engine, logins, state, log)
		return link, link, err
	case cfg.Link.LiveKit != nil:
		link, err := openLiveKit(cfg, engine, state, log)
		return link, state, err
	}
	link, err := openHub(cfg, engine, tokens, log)
	return link, state, err
}

func openHub(cfg config.Config, engine *rtc.Engine, tokens *hubTokens, log *slog.Logger) (*linkhub.Link, error) {
	if file := cfg.Link.Hub.TokenFile; file != "" {
		token, err := options.PortToken(file, cfg)
		if err != nil {
			return nil, err
		}
		options.WarnOfRole(token, cfg.Identity.Role, log)
	}
	return linkhub.New(linkhub.Config{
		URL:         string(cfg.Link.Hub.URL),
		Fallback:    strings.Fields(cfg.Link.Hub.FallbackURLs),
		CAFile:      string(cfg.Link.Hub.CAFile),
		Fingerprint: cfg.Link.Hub.Fingerprint,
		Channel:     cfg.Channel,
		Monitor:     cfg.Monitored(),
		Token:       func(ctx context.Context) (string, error) { return tokens.token(ctx, cfg) },
		Engine:      engine,
		Logger:      log,
	})
}

func openVoicePing(cfg config.Config, engine *rtc.Engine, logins *voiceping.Logins, state *redis.Client, log *slog.Logger) (*voiceping.Link, error) {
	v := cfg.Link.VoicePing
	token, err := voicePingToken(v, cfg, log)
	if err != nil {
		return nil, err
	}
	return voiceping.New(voiceping.Config{
		URL:     string(v.URL),
		UserID:  cfg.Identity.UserID,
		Role:    redis.Role(cfg.Identity.Role),
		Channel: cfg.Channel,
		Monitor: cfg.Monitored(),
		Sharing: v.Sharing,
		Logins:  logins,
		Token:   token,
		Engine:  engine,
		State:   state,
		Logger:  log,
	})
}

// voicePingToken is where the port's token comes from. What cannot be read now
// is an error at once.
func voicePingToken(v *config.VoicePingLink, cfg config.Config, log *slog.Logger) (func(ctx context.Context, refused string) (string, error), error) {
	if v.ControlPlane == "" {
		token, err := options.PortToken(v.TokenFile, cfg)
		if err != nil {
			return nil, err
		}
		options.WarnOfRole(token, cfg.Identity.Role, log)
		return func(context.Context, string) (string, error) { return options.PortToken(v.TokenFile, cfg) }, nil
	}
	password := func() (string, error) { return config.Secret("link.password_file", v.PasswordFile) }
	if _, err := password(); err != nil {
		return nil, err
	}
	c, err := voiceping.NewControlPlane(string(v.ControlPlane), v.Email, password, v.EventID)
	if err != nil {
		return nil, config.Mistake{Err: err}
	}
	return c.Token, nil
}
