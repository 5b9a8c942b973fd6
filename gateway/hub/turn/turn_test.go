package turn

import (
	"strings"
	"testing"
	"time"
)

// The figures were made with
// printf 1000000000:a | openssl dgst -sha1 -hmac north -binary | base64.
func TestCredential(t *testing.T) {
	relay := &Relay{Secret: []byte("north")}
	user, credential := relay.credential("a", time.Unix(1_000_000_000, 0).Add(-lifetime))
	if user != "1000000000:a" || credential != "IYw9ECF+BchAMAUvMMpIgBsw4qk=" {
		t.Errorf("%q %q", user, credential)
	}
	if user, _ := relay.credential("a\"b:c\n", time.Unix(0, 0)); strings.ContainsAny(user, "\"\n") || strings.Count(user, ":") != 1 {
		t.Errorf("user %q", user)
	}
}
