// Package turn makes the credentials of a TURN server for members, as the TURN REST
// API has them: the server shares a secret and needs no list of users.
package turn

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Relay is what members may use whose network blocks UDP to the hub.
type Relay struct {
	// URLs are those of its servers (RFC 7065), for example
	// "turn:turn.example:3478?transport=tcp".
	URLs []string
	// Secret is shared with the server, coturn's static-auth-secret.
	Secret []byte
}

// lifetime is how long a credential is good for: longer than a session lasts
// between two of its starts.
const lifetime = 12 * time.Hour

// Links are the Link headers (RFC 9725 section 4.6) that name the relay to a user.
func (t *Relay) Links(userID string, now time.Time) []string {
	user, credential := t.credential(userID, now)
	var links []string
	for _, u := range t.URLs {
		links = append(links, fmt.Sprintf(`<%s>; rel="ice-server"; username="%s"; credential="%s"; credential-type="password"`, u, user, credential))
	}
	return links
}

// credential is a user name, which says when it ends, and its password.
func (t *Relay) credential(userID string, now time.Time) (user, credential string) {
	// What would end a quoted string has no place in a header.
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == ':' {
			return '_'
		}
		return r
	}, userID)
	user = strconv.FormatInt(now.Add(lifetime).Unix(), 10) + ":" + name
	mac := hmac.New(sha1.New, t.Secret)
	mac.Write([]byte(user))
	return user, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
