package status

import (
	"fmt"
	"strings"
)

// What to do about what is wrong with a port, as doctor says before it runs, and status
// and page while it does.
const (
	SetClock    = "let a time server be reached, or set it with 'timedatectl set-time'; link and TLS wait for it"
	PlugIn      = "plug it in, or correct its name in hardware"
	ReachRedis  = "see that redis.url is right, that it runs, and that user and password are"
	ReachServer = "see that link.url is right and reachable; 409 is a port that runs already"
	StartGuard  = "start one, or see why it is not there: 'systemctl status talkgate-guard', its Redis and its LiveKit server; with --grant nobody who joins without a guard can talk"
	NewToken    = "have the control plane make a new one"
)

// Unguarded says which channels have no live guard, and what that means.
func Unguarded(channels ...string) string {
	return "no live guard on " + strings.Join(channels, ", ") + ": LiveKit forwards who has no floor, too, and all but ports hear it"
}

// GrantRights is the command that gives a user the right to talk.
func GrantRights(user string, channels ...string) string {
	return fmt.Sprintf("talkgate rights grant %s %s", user, strings.Join(channels, " "))
}

// LiftBan is the command that lifts a user's ban.
func LiftBan(user string) string { return "talkgate ban lift " + user }
