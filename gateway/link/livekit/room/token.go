package room

import (
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Grant is what a token allows in a room.
type Grant struct {
	Room           string `json:"room,omitempty"`
	RoomJoin       bool   `json:"roomJoin,omitempty"`
	RoomList       bool   `json:"roomList,omitempty"`
	RoomAdmin      bool   `json:"roomAdmin,omitempty"`
	CanPublish     bool   `json:"canPublish"`
	CanSubscribe   bool   `json:"canSubscribe"`
	CanPublishData bool   `json:"canPublishData"`
	Hidden         bool   `json:"hidden,omitempty"`
	// Agent marks a member that does not keep its room open.
	Agent bool `json:"agent,omitempty"`
}

// Key signs tokens. Its secret reaches no log: it has no String.
type Key struct {
	id     string
	secret []byte
}

// ParseKey reads "APIkey: secret", as a line of livekit-server's key file has
// it. An error repeats nothing of it.
func ParseKey(text string) (Key, error) {
	id, secret, ok := strings.Cut(strings.TrimSpace(text), ":")
	id, secret = strings.TrimSpace(id), strings.TrimSpace(secret)
	if !ok || id == "" || len(secret) < 32 || strings.ContainsAny(id+secret, " \t\r\n\"") {
		return Key{}, fmt.Errorf("want one line 'KEY: SECRET' as in livekit-server's key file, the secret 32 characters or more")
	}
	return Key{id: id, secret: []byte(secret)}, nil
}

// Format keeps the secret out of whatever prints a Key.
func (k Key) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, k.id, ":…") }

// Sign makes a token for identity, who is shown as name, that may be used for
// life to connect; a connection that stands outlives it.
func (k Key) Sign(identity, name string, g Grant, life time.Duration) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, struct {
		jwt.RegisteredClaims
		Name  string `json:"name,omitempty"`
		Video Grant  `json:"video"`
	}{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: k.id, Subject: identity, ID: identity,
			// The server's clock may be behind.
			NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)),
			ExpiresAt: jwt.NewNumericDate(now.Add(life)),
		},
		Name: name, Video: g,
	})
	signed, err := token.SignedString(k.secret)
	if err != nil {
		return "", fmt.Errorf("sign a LiveKit token: %w", err)
	}
	return signed, nil
}

// Expiry is when a token expires, by its own word; zero if it does not say.
func Expiry(token string) time.Time {
	var c jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &c); err != nil || c.ExpiresAt == nil {
		return time.Time{}
	}
	return c.ExpiresAt.Time
}
