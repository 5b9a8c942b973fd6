package voiceping

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
)

// Refusal is the server's error reply to a request.
type Refusal struct{ Request, Text string }

func (e *Refusal) Error() string { return fmt.Sprintf("server refuses %s: %s", e.Request, e.Text) }

// HandshakeError is an HTTP answer other than 101 to the WebSocket handshake.
type HandshakeError struct {
	Status int
	Text   string
	// RetryAfter is how long the server asks to wait, zero if it does not.
	RetryAfter time.Duration
}

func (e *HandshakeError) Error() string {
	what := "see the server's log"
	switch {
	case e.Status == http.StatusUnauthorized:
		what = "the token is missing, expired or of another secret: renew it"
	case e.Status == http.StatusForbidden:
		what = "the user is banned: ask a dispatcher"
	case e.Status == http.StatusTooManyRequests:
		what = "too many connections from this address: waiting"
	case e.wrongPlace():
		what = "the URL is not that of a VoicePing server: want wss://host/ws"
	}
	return fmt.Sprintf("server answers %d %q; %s", e.Status, e.Text, what)
}

// Unwrap returns the link fault that the status stands for.
func (e *HandshakeError) Unwrap() error {
	switch e.Status {
	case http.StatusUnauthorized:
		return port.LinkTokenRefused
	case http.StatusForbidden:
		return port.LinkBanned
	case http.StatusTooManyRequests:
		return port.LinkLimited
	}
	return port.LinkLost
}

// failedLogin reports whether the server counts the answer as a failed login.
func (e *HandshakeError) failedLogin() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

func (e *HandshakeError) wrongPlace() bool {
	return e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound
}

// handshakeError parses a refusal. The server puts the time to wait into the text;
// header is the Retry-After that a proxy may have set (RFC 9110 section 10.2.3).
func handshakeError(status int, text, header string) *HandshakeError {
	e := &HandshakeError{Status: status, Text: text}
	unit := time.Millisecond
	_, said, inWords := strings.Cut(text, "retry after ")
	said, _, _ = strings.Cut(said, "ms")
	if !inWords {
		said, unit = header, time.Second
	}
	if n, err := strconv.ParseUint(said, 10, 31); err == nil {
		e.RetryAfter = min(time.Duration(n)*unit, window)
	}
	return e
}

// refusedWith reports whether err is a Refusal with this text.
func refusedWith(err error, text string) bool {
	var no *Refusal
	return errors.As(err, &no) && no.Text == text
}
