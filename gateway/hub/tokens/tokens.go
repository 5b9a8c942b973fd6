// Package tokens checks what a library for JWT reads leniently.
package tokens

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// claimNames are those that count. A token that spells one otherwise, or has one
// twice, would be read in two ways by two readers.
func claimNames() []string {
	return []string{
		"userId", "userName", "globalRole", "eventId", "role", "eventRole", "channelIds",
		"deviceKey", "iss", "sub", "aud", "exp", "nbf", "iat", "jti",
	}
}

// maxDate is the latest time that is plausible as seconds since 1970, in the year
// 5138: a time in milliseconds is later.
const maxDate = 1e11

// Check refuses tokens that could be read in two ways: headers that must be
// understood (RFC 7515 section 4.1.11, RFC 7797), claims of another spelling, and
// times that are none. It does not check the signature.
func Check(token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errors.New("it is no JWT: expected three parts with dots between")
	}
	err := members(parts[0], func(name string, _ json.RawMessage) error {
		switch strings.ToLower(name) {
		case "crit", "b64":
			return fmt.Errorf("its header has %q, which is not supported", name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	return members(parts[1], func(name string, value json.RawMessage) error {
		for _, known := range claimNames() {
			if !strings.EqualFold(name, known) {
				continue
			}
			if name != known {
				return fmt.Errorf("it has the claim %q, expected %q", name, known)
			}
			if seen[name] {
				return fmt.Errorf("it has the claim %q twice", name)
			}
			seen[name] = true
		}
		switch name {
		case "exp", "nbf", "iat":
			return checkDate(name, value)
		}
		return nil
	})
}

// checkDate refuses what is no NumericDate (RFC 7519 section 2).
func checkDate(name string, value json.RawMessage) error {
	var seconds float64
	switch err := json.Unmarshal(value, &seconds); {
	case err != nil || bytes.Equal(value, []byte("null")):
		return fmt.Errorf("its %s is no number of seconds since 1970", name)
	case seconds >= maxDate && seconds < maxDate*1000:
		return fmt.Errorf("its %s seems to be in milliseconds, expected seconds since 1970", name)
	case seconds < 0 || seconds >= maxDate:
		return fmt.Errorf("its %s is not plausible, expected seconds since 1970", name)
	}
	return nil
}

// members calls f with each member of the object that a part of a token is.
func members(part string, f func(name string, value json.RawMessage) error) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return errors.New("it is no JWT: a part is not base64url")
	}
	notObject := errors.New("it is no JWT: a part is no JSON object")
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return notObject
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return notObject
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return notObject
		}
		if err := f(name.(string), value); err != nil {
			return err
		}
	}
	return nil
}
