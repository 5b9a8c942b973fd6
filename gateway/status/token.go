package status

import (
	"fmt"
	"math"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/state/fleet"
)

// tokenWarning is how long before its end a token is warned of that nothing renews: a
// site is not visited every day.
const tokenWarning = 14 * 24 * time.Hour

// Token is how long a port gets in.
type Token struct {
	// Until is when the token in use ends; zero if that is not known.
	Until time.Time `json:"until,omitzero"`
	// Renews says that the port gets new ones by itself; Err why the last attempt failed.
	Renews bool   `json:"renews"`
	Err    string `json:"err,omitempty"`
}

// Finding is what is wrong with a token; empty is nothing yet.
func (t Token) Finding(now time.Time) (found, do string) {
	left := t.Until.Sub(now)
	switch {
	case t.Renews && t.Err != "":
		return "is not renewed: " + t.Err, "see that link.url is reachable; if the board was revoked, " + Rejoin
	case t.Renews || t.Until.IsZero() || left > tokenWarning:
		return "", ""
	case left <= 0:
		return "has expired, and nothing renews it", renewToken
	}
	return fmt.Sprintf("ends in %s, and nothing renews it: after a power cut later than that the port does not get in", days(left)), renewToken
}

func days(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d minutes", int(math.Ceil(d.Minutes())))
}

// What to do about a token that ends, or a board that was revoked.
const (
	Rejoin     = "have it invited ('talkgate invite' on the hub), and let it join anew ('talkgate join CODE')"
	renewToken = "let the board join by a code, after which it renews its token by itself ('talkgate invite' on the hub), or put a new one into link.token_file"
)

// newToken is what to do about a token that is refused.
func newToken(cfg config.Config) string {
	if h := cfg.Link.Hub; h != nil && h.DeviceKeyFile != "" {
		return Rejoin
	}
	return NewToken
}

// fleet is the token as the fleet is told of it; nil says nothing.
func (t Token) fleet() *fleet.Token {
	if t.Until.IsZero() {
		return nil
	}
	return &fleet.Token{Until: t.Until, Renews: t.Renews}
}

// registerToken adds how long the port gets in.
func registerToken(registry *metrics.Registry, link LinkQuality) {
	registry.Gauge("talkgate_port_token_expiry_seconds", "When the token in use ends, in seconds since 1970; NaN if that is not known.", nil, func() float64 {
		if until := link.Token().Until; !until.IsZero() {
			return float64(until.Unix())
		}
		return math.NaN()
	})
	registry.Gauge("talkgate_port_token_renewed", "1 while the port renews its token by itself, 0 if nothing does or the last attempt failed.", nil, func() float64 {
		t := link.Token()
		return one(t.Renews && t.Err == "")
	})
}
