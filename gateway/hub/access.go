package hub

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/go-chi/httprate"
)

const (
	// maxName bounds IDs of channels and users, bytes.
	maxName = 128
	// What one user may ask for, and how often one address may be refused.
	requestsPerSecond = 50
	refusalsPerMinute = 120
)

// authorized answers a request of a bearer whose claims have been checked.
type authorized func(w http.ResponseWriter, r *http.Request, c *Claims)

// access lets requests through that have a good token, as many as one user may make.
type access struct {
	*verifier
	users, refusals *httprate.RateLimiter
}

func newAccess(secret []byte) *access {
	tooMany := httprate.WithLimitHandler(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusTooManyRequests, "too many requests: wait for Retry-After")
	})
	return &access{
		verifier: newVerifier(secret),
		users:    httprate.NewRateLimiter(requestsPerSecond, time.Second, tooMany),
		refusals: httprate.NewRateLimiter(refusalsPerMinute, time.Minute, tooMany),
	}
}

// member lets f answer requests with a good token for the channel they name.
func (a *access) member(f authorized) http.Handler {
	return a.bearer(func(w http.ResponseWriter, r *http.Request, c *Claims) {
		channel := r.PathValue("channel")
		switch {
		case !validName(channel):
			writeError(w, http.StatusBadRequest, "the channel's ID is empty, too long or not printable")
		case !c.MayJoin(channel):
			writeError(w, http.StatusForbidden, "the token is not for this channel")
		default:
			f(w, r, c)
		}
	})
}

// manager lets f answer requests of those who manage talk rights.
func (a *access) manager(f authorized) http.Handler {
	return a.bearer(func(w http.ResponseWriter, r *http.Request, c *Claims) {
		if !c.mayManage() {
			writeError(w, http.StatusForbidden, "this is for DISPATCH and ADMIN only")
			return
		}
		f(w, r, c)
	})
}

// bearer lets f answer requests with a good token, as many as one user may make.
func (a *access) bearer(f authorized) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := a.verify(r)
		if err != nil {
			if a.refusals.RespondOnLimit(w, r, "ip:"+clientIP(r)) {
				return
			}
			challenge := `Bearer realm="talkgate"`
			if !errors.Is(err, errNoToken) {
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			writeError(w, http.StatusUnauthorized, err.Error())
			return
		}
		if a.users.RespondOnLimit(w, r, c.UserID) {
			return
		}
		f(w, r, c)
	})
}

// clientIP is the address a request came from, an IPv6 one reduced to its network.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return httprate.CanonicalizeIP(host)
}

// validName says whether s may be the ID of a channel or a user.
func validName(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
