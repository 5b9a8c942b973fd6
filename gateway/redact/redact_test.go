package redact

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub3J0aCJ9.c2lnbmF0dXJl"

func TestTokensAreRedacted(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"invalid token: " + jwt + ", error":  "invalid token: (token), error",
		"wss://host/rtc?access_token=" + jwt: "wss://host/rtc?access_token=(token)",
		"cut off " + jwt[:30]:                "cut off (token)",
		jwt + " " + jwt:                      "(token) (token)",
		"no key on channel eye":              "no key on channel eye",
	} {
		if got := Tokens(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestALogHasNoToken(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: Attr}))
	log.Warn("refused "+jwt, "err", errors.New("401: "+jwt), "url", "wss://h/?token="+jwt, "n", 1)
	if got := out.String(); strings.Contains(got, "eyJ") || strings.Count(got, "(token)") != 3 || !strings.Contains(got, "n=1") {
		t.Errorf("logged %s", got)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("401 " + jwt)
	f.Fuzz(func(t *testing.T, text string) {
		if got := Tokens(text); token.MatchString(got) || len(got) > len(text)+len("(token)") {
			t.Errorf("%q is left of %q", got, text)
		}
	})
}
