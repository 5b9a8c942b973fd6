// Package redact keeps access tokens out of errors and logs.
package redact

import (
	"log/slog"
	"regexp"
	"strings"
)

// token matches a JSON Web Token (RFC 7519) and what a cut-off text leaves of one: a
// base64url header, which begins with '{"', and the rest of the dotted parts.
var token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*`)

// Tokens returns text with each JSON Web Token in it, and each of the secrets, replaced by
// "(token)". Use it on whatever a server says: some repeat the token that they refuse.
func Tokens(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(token)")
		}
	}
	return token.ReplaceAllLiteralString(text, "(token)")
}

// Attr is Tokens for the attributes of a log, as the ReplaceAttr of a
// [slog.HandlerOptions].
func Attr(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(Tokens(v))
	case error:
		if text := v.Error(); token.MatchString(text) {
			a.Value = slog.StringValue(Tokens(text))
		}
	}
	return a
}
