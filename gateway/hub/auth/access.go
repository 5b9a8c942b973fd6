// Package auth says who a token is of, and what its holder may do.
package auth

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/go-chi/httprate"

	"github.com/talkgate/talkgate/gateway/hub/respond"
)

const (
	// MaxName bounds IDs of channels and users, bytes.
	MaxName = 128
	// What one user may ask for, and how often one address may be refused.
	RequestsPerSecond = 50
	RefusalsPerMinute = 120
)

// Handler answers a request of a bearer whose claims have been checked.
type Handler func(w http.ResponseWriter, r *http.Request, c *Claims)

// Access lets requests through that have a good token, as many as one user may make.
type Access struct {
	*verifier
	users, refusals *httprate.RateLimiter
}

// New checks tokens that are signed with secret. device says why a token that a board got by
// its key is not good any more.
func New(secret []byte, device func(userID, keyID string) error) *Access {
	tooMany := httprate.WithLimitHandler(func(w http.ResponseWriter, _ *http.Request) {
		respond.Error(w, http.StatusTooManyRequests, "too many requests: wait for Retry-After")
	})
	return &Access{
		verifier: newVerifier(secret, device),
		users:    httprate.NewRateLimiter(RequestsPerSecond, time.Second, tooMany),
		refusals: httprate.NewRateLimiter(RefusalsPerMinute, time.Minute, tooMany),
	}
}

// Member lets f answer requests with a good token for the channel they name.
func (a *Access) Member(f Handler) http.Handler {
	return a.Bearer(func(w http.ResponseWriter, r *http.Request, c *Claims) {
		channel := r.PathValue("channel")
		switch {
		case !ValidName(channel):
			respond.Error(w, http.StatusBadRequest, "the channel's ID is empty, too long or not printable")
		case !c.MayJoin(channel):
			respond.Error(w, http.StatusForbidden, "the token is not for this channel")
		default:
			f(w, r, c)
		}
	})
}

// Manager lets f answer requests of those who manage talk rights.
func (a *Access) Manager(f Handler) http.Handler {
	return a.Bearer(func(w http.ResponseWriter, r *http.Request, c *Claims) {
		if !c.MayManage() {
			respond.Error(w, http.StatusForbidden, "this is for DISPATCH and ADMIN only")
			return
		}
		f(w, r, c)
	})
}

// Bearer lets f answer requests with a good token, as many as one user may make.
func (a *Access) Bearer(f Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := a.Verify(r)
		if err != nil {
			if a.refusals.RespondOnLimit(w, r, "ip:"+clientIP(r)) {
				return
			}
			challenge := `Bearer realm="talkgate"`
			if !errors.Is(err, errNoToken) {
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			respond.Error(w, http.StatusUnauthorized, err.Error())
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

// ValidName says whether s may be the ID of a channel or a user.
func ValidName(s string) bool {
	return s != "" && len(s) <= MaxName && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
