package room

import (
	"errors"
	"net/url"
)

// ErrURL says that a server's URL cannot be used.
var ErrURL = errors.New("LiveKit URL: want wss://host, or ws://host where nobody listens in, without user and password")

// address is a server's URL with another scheme: LiveKit's signalling and its
// API are at one place, which is written with any of four schemes.
func address(server string, secure, plain string) (*url.URL, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, ErrURL
	}
	switch u.Scheme {
	case "wss", "https":
		u.Scheme = secure
	case "ws", "http":
		u.Scheme = plain
	default:
		return nil, ErrURL
	}
	return u, nil
}

// CheckURL reports whether server can be the URL of a LiveKit server.
func CheckURL(server string) error {
	_, err := address(server, "wss", "ws")
	return err
}
