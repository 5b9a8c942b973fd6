package drivers

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
	linkhub "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/status"
)

// hubTokens are the tokens of a port's links to a hub: from a file, or by the board's own
// key, which renews them. All links of a port share them.
type hubTokens struct {
	cfg config.HubLink
	key *enroll.Tokens // nil with a file
}

func newHubTokens(cfg config.Config, log *slog.Logger) (*hubTokens, error) {
	h := *cfg.Link.Hub
	t := &hubTokens{cfg: h}
	if h.DeviceKeyFile == "" {
		return t, nil
	}
	key := func() (ed25519.PrivateKey, error) { return deviceKey(h.DeviceKeyFile) }
	if _, err := key(); err != nil {
		return nil, err
	}
	client, err := linkhub.NewClient(string(h.CAFile), h.Fingerprint)
	if err != nil {
		return nil, err
	}
	t.key = enroll.NewTokens(enroll.TokensConfig{
		Hubs:   append([]string{strings.TrimSuffix(string(h.URL), "/")}, strings.Fields(h.FallbackURLs)...),
		Client: client, UserID: cfg.Identity.UserID, Key: key, Logger: log,
	})
	return t, nil
}

// deviceKey reads a board's own key.
func deviceKey(file config.File) (ed25519.PrivateKey, error) {
	text, err := config.Secret("link.device_key_file", file)
	if err != nil {
		return nil, err
	}
	key, err := enroll.ParseKey([]byte(text))
	if err != nil {
		return nil, config.Mistake{Err: fmt.Errorf("link.device_key_file: %s: %w", file, err)}
	}
	return key, nil
}

// token returns a token for the channel of cfg, as a link asks for it.
func (t *hubTokens) token(ctx context.Context, cfg config.Config) (string, error) {
	if t.key == nil {
		return options.PortToken(t.cfg.TokenFile, cfg)
	}
	token, err := t.key.Token(ctx)
	if refused, ok := errors.AsType[*enroll.StatusError](err); ok {
		return "", &linkhub.RefusedError{Status: refused.Status, Reason: refused.Reason}
	}
	if err != nil {
		return "", err
	}
	if err := options.CheckToken(token, cfg); err != nil {
		return "", fmt.Errorf("the hub's token does not fit the configuration: %w", err)
	}
	return token, nil
}

// run renews tokens until ctx ends.
func (t *hubTokens) run(ctx context.Context) {
	if t.key != nil {
		t.key.Run(ctx)
	}
}

// status is until when the token is good.
func (t *hubTokens) status() status.Token {
	if t.key == nil {
		return status.Token{Until: options.TokenEnd(t.cfg.TokenFile)}
	}
	until, err := t.key.Until()
	s := status.Token{Until: until, Renews: true}
	if err != nil {
		s.Err = err.Error()
	}
	return s
}
