package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var signingSecret = []byte("a secret of thirty-two bytes, 123")

// signRaw signs a token as it is.
func signRaw(header, claims string) string {
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, signingSecret)
	mac.Write([]byte(text))
	return text + "." + enc.EncodeToString(mac.Sum(nil))
}

func TestTokensAreReadStrictly(t *testing.T) {
	const header = `{"alg":"HS256","typ":"JWT"}`
	now := time.Now().Unix()
	later := now + 3600
	good := fmt.Sprintf(`{"userId":"a","channelIds":["ops"],"exp":%d}`, later)
	with := func(more string) string { return strings.TrimSuffix(good, "}") + "," + more + "}" }
	v := newVerifier(signingSecret, nil)
	for name, tc := range map[string]struct{ header, claims, says string }{
		"good":                       {header, good, ""},
		"unknown claims":             {header, with(`"x":{"exp":1,"exp":2}`), ""},
		"nbf a second ahead":         {header, with(fmt.Sprintf(`"nbf":%d`, now+1)), ""},
		"nbf a minute ahead":         {header, with(fmt.Sprintf(`"nbf":%d`, now+60)), "not valid yet"},
		"expired a second ago":       {header, fmt.Sprintf(`{"userId":"a","exp":%d}`, now-1), ""},
		"expired a minute ago":       {header, fmt.Sprintf(`{"userId":"a","exp":%d}`, now-60), "expired"},
		"crit":                       {`{"alg":"HS256","crit":["exp"]}`, good, "crit"},
		"b64":                        {`{"alg":"HS256","b64":false}`, good, "b64"},
		"b64 that is true":           {`{"alg":"HS256","b64":true}`, good, "b64"},
		"exp in milliseconds":        {header, fmt.Sprintf(`{"userId":"a","exp":%d}`, later*1000), "milliseconds"},
		"exp in ms, long past":       {header, `{"userId":"a","exp":1600000000000}`, "milliseconds"},
		"exp in microseconds":        {header, fmt.Sprintf(`{"userId":"a","exp":%d}`, later*1e6), "plausible"},
		"nbf of 1e300":               {header, with(`"nbf":1e300`), "plausible"},
		"nbf below zero":             {header, with(`"nbf":-1`), "plausible"},
		"iat of 1e300":               {header, with(`"iat":1e300`), "plausible"},
		"exp is a word":              {header, `{"userId":"a","exp":"2030"}`, "number"},
		"exp is null":                {header, `{"userId":"a","exp":null}`, "number"},
		"claim in other case":        {header, with(`"USERID":"b"`), "USERID"},
		"role in other case":         {header, with(`"Role":"ADMIN"`), "Role"},
		"channels in other case":     {header, with(`"channelids":["ops"]`), "channelids"},
		"long s of another alphabet": {header, with(`"uſerId":"b"`), "expected"},
		"claim twice":                {header, with(`"userId":"b"`), "twice"},
		"expiry twice":               {header, with(`"exp":1`), "twice"},
		"no object":                  {header, `[]`, "object"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+signRaw(tc.header, tc.claims))
		_, err := v.Verify(r)
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
	}
}

// No token is read in two ways, and none that is not signed is good.
func FuzzToken(f *testing.F) {
	f.Add(`{"alg":"HS256"}`, `{"userId":"a","exp":1}`)
	v := newVerifier(signingSecret, nil)
	f.Fuzz(func(t *testing.T, header, claims string) {
		token := signRaw(header, claims)
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		c, err := v.Verify(r)
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("verified, but %v", err)
		}
		r.Header.Set("Authorization", "Bearer "+token[:strings.LastIndex(token, ".")]+".AAAA")
		if _, err := v.Verify(r); err == nil {
			t.Error("a foreign signature is taken")
		}
	})
}
