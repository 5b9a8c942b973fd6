package options

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/state/redis"
)

// PortToken reads the token of the port's link and refuses one that is somebody
// else's or for other channels: a server would let the port in as whom it never
// hears talk, or not at all. What only the server can tell, such as the
// signature, is left to it.
func PortToken(file config.File, cfg config.Config) (string, error) {
	const key = "link.token_file"
	token, err := config.Secret(key, file)
	if err != nil {
		return "", err
	}
	if err := CheckToken(token, cfg); err != nil {
		return "", config.Mistake{Err: fmt.Errorf("%s: %s: %w", key, file, err)}
	}
	return token, nil
}

// CheckToken refuses a token that is somebody else's or for other channels.
func CheckToken(token string, cfg config.Config) error {
	c, err := auth.ReadClaims(token)
	switch {
	case err != nil:
		return err
	case c.UserID != cfg.Identity.UserID:
		return fmt.Errorf("expected a token of %q, as identity.user_id says, found one of %q", cfg.Identity.UserID, c.UserID)
	case !c.MayJoin(cfg.Channel):
		return fmt.Errorf("expected a token for channel %q, found one for %q", cfg.Channel, c.ChannelIDs)
	}
	return nil
}

// TokenEnd is when the token in a file ends; zero if nobody knows.
func TokenEnd(file config.File) time.Time {
	token, err := config.ReadSecret(string(file))
	if err != nil {
		return time.Time{}
	}
	c, err := auth.ReadClaims(token)
	if err != nil || c.ExpiresAt == nil {
		return time.Time{}
	}
	return c.ExpiresAt.Time
}

// WarnOfRole says when the port asks for the floor with another role than its
// token, which it has been checked against otherwise, was made for.
func WarnOfRole(token, role string, log *slog.Logger) {
	if c, err := auth.ReadClaims(token); err == nil && c.MemberRole() != "" && c.MemberRole() != redis.Role(role) {
		log.Warn("identity.role differs from the token's", "configured", role, "token", string(c.MemberRole()))
	}
}
