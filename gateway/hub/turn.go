package hub

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// TURN is a relay that members may use whose network blocks UDP to the hub.
type TURN struct {
	// URLs are those of its servers (RFC 7065), for example
	// "turn:turn.example:3478?transport=tcp".
	URLs []string
	// Secret is shared with the server, coturn's static-auth-secret.
	Secret []byte
}

// turnTime is how long a credential is good for: longer than a session lasts
// between two of its starts.
const turnTime = 12 * time.Hour

// linkTURN names the relay in Link headers (RFC 9725 section 4.6), with a
// credential of the TURN REST API that its server needs no list of users for.
func (h *Hub) linkTURN(w http.ResponseWriter, userID string) {
	if h.cfg.TURN == nil {
		return
	}
	user, credential := h.cfg.TURN.credential(userID, time.Now())
	for _, u := range h.cfg.TURN.URLs {
		w.Header().Add("Link", fmt.Sprintf(`<%s>; rel="ice-server"; username="%s"; credential="%s"; credential-type="password"`, u, user, credential))
	}
}

// credential is a user name, which says when it ends, and its password.
func (t *TURN) credential(userID string, now time.Time) (user, credential string) {
	// What would end a quoted string has no place in a header.
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == ':' {
			return '_'
		}
		return r
	}, userID)
	user = strconv.FormatInt(now.Add(turnTime).Unix(), 10) + ":" + name
	mac := hmac.New(sha1.New, t.Secret)
	mac.Write([]byte(user))
	return user, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
