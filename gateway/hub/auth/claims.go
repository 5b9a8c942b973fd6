package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/hub/tokens"
	"github.com/talkgate/talkgate/state/redis"
)

// Claims are what a bearer token says about its holder. Tokens are signed with
// HS256 (RFC 7518 section 3.2) and must expire.
type Claims struct {
	UserID     string `json:"userId"`
	UserName   string `json:"userName,omitempty"`
	GlobalRole string `json:"globalRole,omitempty"`
	EventID    string `json:"eventId,omitempty"`
	// Role and EventRole are two spellings of the same: the role in the event.
	Role      string `json:"role,omitempty"`
	EventRole string `json:"eventRole,omitempty"`
	// ChannelIDs are the channels the holder may join.
	ChannelIDs []string `json:"channelIds"`
	// DeviceKey is the ID of the key by which an enrolled board got the token.
	DeviceKey string `json:"deviceKey,omitempty"`
	jwt.RegisteredClaims
}

// Sign returns the token that carries c.
func (c *Claims) Sign(secret []byte) (string, error) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign token of %q: %w", c.UserID, err)
	}
	return token, nil
}

// ErrNoClaims says that a text is no token, or carries no claims of a member.
var ErrNoClaims = errors.New("not a member's token (JWT)")

// ReadClaims returns what a token says, true or not: the signature is the hub's to
// verify, and so is the expiry. The error wraps ErrNoClaims and shows nothing of
// the token.
func ReadClaims(token string) (*Claims, error) {
	if err := tokens.Check(token); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoClaims, err)
	}
	c := &Claims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, c); err != nil {
		return nil, ErrNoClaims
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoClaims, err)
	}
	return c, nil
}

// Validate says what else than signature and expiry a token must have.
func (c *Claims) Validate() error {
	if c.UserID == "" {
		return errors.New("userId is missing")
	}
	if !ValidName(c.UserID) || c.UserName != "" && !ValidName(c.UserName) {
		return fmt.Errorf("userId or userName is not printable or longer than %d bytes", MaxName)
	}
	return nil
}

// MemberRole is the role in the event, whichever way it is spelled.
func (c *Claims) MemberRole() redis.Role {
	if c.EventRole != "" {
		return redis.Role(c.EventRole)
	}
	return redis.Role(c.Role)
}

// IsAdmin reports whether the holder may be on every channel and manage all of them.
func (c *Claims) IsAdmin() bool {
	return redis.Role(c.GlobalRole) == redis.RoleAdmin || c.MemberRole() == redis.RoleAdmin
}

// MayJoin says whether the holder may be on a channel, which is not to say that
// it may talk there.
func (c *Claims) MayJoin(channel string) bool {
	return c.IsAdmin() || slices.Contains(c.ChannelIDs, channel)
}

// MayManage says whether the holder may change the talk rights of others. A board never
// may.
func (c *Claims) MayManage() bool {
	return c.DeviceKey == "" && (c.IsAdmin() || c.MemberRole() == redis.RoleDispatch)
}

// MayPause says whether a manager may pause an event: all of it is the manager's.
func (c *Claims) MayPause(event string, events map[string]string) bool {
	for channel, of := range events {
		if of == event && !c.MayJoin(channel) {
			return false
		}
	}
	return true
}

// MinSecret is the shortest secret of tokens, in bytes (RFC 7518 section 3.2).
const MinSecret = 32

// verifier checks bearer tokens.
type verifier struct {
	secret []byte
	parser *jwt.Parser
	device func(userID, keyID string) error
}

// leeway is how far the clock of who signs may be off.
const leeway = 5 * time.Second

func newVerifier(secret []byte, device func(userID, keyID string) error) *verifier {
	return &verifier{secret: secret, device: device, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway),
	)}
}

var errNoToken = errors.New(`send "Authorization: Bearer" and a token`)

// Verify returns the claims of the request's bearer token (RFC 6750 section 2.1).
func (v *verifier) Verify(r *http.Request) (*Claims, error) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, errNoToken
	}
	c := &Claims{}
	token = strings.TrimSpace(token)
	if err := tokens.Check(token); err != nil {
		return nil, fmt.Errorf("the token cannot be used: %w", err)
	}
	_, err := v.parser.ParseWithClaims(token, c, func(*jwt.Token) (any, error) { return v.secret, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, errors.New("the token has expired: get a new one")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, errors.New("the token was not signed with HS256 and this hub's secret")
	case err != nil:
		return nil, fmt.Errorf("the token cannot be used: %w", err)
	}
	if c.DeviceKey != "" {
		if err := v.device(c.UserID, c.DeviceKey); err != nil {
			return nil, err
		}
	}
	return c, nil
}
