package config

import "strings"

const (
	// HubService has the flags of a hub's service on its machine.
	HubService = "/etc/default/talkgate-hub"
	// hubCredentials is what that service is given, for root to read while it runs.
	hubCredentials = "/run/credentials/talkgate-hub.service"
	hubOptions     = "TALKGATE_HUB_OPTIONS="
)

// RedisOfHub reads from the text of HubService how the hub reaches Redis, in place of what
// own says.
func RedisOfHub(text string, own Redis) Redis {
	var words []string
	for line := range strings.Lines(text) {
		if options, ok := strings.CutPrefix(strings.TrimSpace(line), hubOptions); ok {
			words = strings.Fields(strings.NewReplacer(`"`, "", "'", "", "${CREDENTIALS_DIRECTORY}", hubCredentials).Replace(options))
		}
	}
	for i, word := range words {
		flag, value, ok := strings.Cut(word, "=")
		if !ok && i+1 < len(words) {
			value = words[i+1]
		}
		if value == "" {
			continue
		}
		switch flag {
		case "--redis":
			own.URL = URL(value)
		case "--redis-username":
			own.Username = value
		case "--redis-password-file":
			own.PasswordFile = File(value)
		case "--redis-ca-file":
			own.CAFile = File(value)
		}
	}
	return own
}
