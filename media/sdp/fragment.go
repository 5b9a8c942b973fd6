package sdp

import (
	"errors"
	"fmt"
	"strings"
)

// RFC 8839 section 5.4.
const minUfrag, minPassword, maxCredential = 4, 22, 256

// Credentials are the user fragment and the password of ICE.
type Credentials struct{ Ufrag, Password string }

// check refuses what RFC 8839 section 5.4 does not allow.
func (c Credentials) check() error {
	switch {
	case c.Ufrag == "" || c.Password == "":
		return errors.New("it has no ice-ufrag or no ice-pwd")
	case len(c.Ufrag) < minUfrag || len(c.Password) < minPassword:
		return fmt.Errorf("its ice-ufrag has fewer than %d characters or its ice-pwd fewer than %d", minUfrag, minPassword)
	case len(c.Ufrag) > maxCredential || len(c.Password) > maxCredential:
		return fmt.Errorf("its ice-ufrag or ice-pwd has more than %d characters", maxCredential)
	}
	return nil
}

// maxFragment bounds an SDP fragment, bytes.
const maxFragment = 16 << 10

// ParseFragment reads the credentials of an SDP fragment (RFC 8840 section 9);
// they are empty where it has none. The candidates in it are of no use to us: an
// ICE-lite agent answers checks and sends none.
func ParseFragment(text string) (Credentials, error) {
	if len(text) > maxFragment {
		return Credentials{}, fmt.Errorf("%w: fragment of %d bytes, expected at most %d", ErrBad, len(text), maxFragment)
	}
	var c Credentials
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return Credentials{}, fmt.Errorf("%w: a line of the fragment is not of the form x=value", ErrBad)
		}
		if v, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok && c.Ufrag == "" {
			c.Ufrag = strings.TrimSpace(v)
		}
		if v, ok := strings.CutPrefix(line, "a=ice-pwd:"); ok && c.Password == "" {
			c.Password = strings.TrimSpace(v)
		}
	}
	if c == (Credentials{}) {
		return c, nil
	}
	if err := c.check(); err != nil {
		return Credentials{}, fmt.Errorf("%w: %w", ErrBad, err)
	}
	return c, nil
}
