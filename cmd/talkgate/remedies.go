package main

import (
	"fmt"
	"strings"
)

// What to do about what is wrong with a port, as doctor says before it runs, and status
// and page while it does.
const (
	setClock    = "let a time server be reached, or set it with 'timedatectl set-time'; link and TLS wait for it"
	plugIn      = "plug it in, or correct its name in hardware"
	reachRedis  = "see that redis.url is right, that it runs, and that user and password are"
	reachServer = "see that link.url is right and reachable; 409 is a port that runs already"
	newToken    = "have the control plane make a new one"
)

func grantRights(user string, channels ...string) string {
	return fmt.Sprintf("talkgate rights grant %s %s", user, strings.Join(channels, " "))
}

func liftBan(user string) string { return "talkgate ban lift " + user }
