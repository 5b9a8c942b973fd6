package config

import "testing"

func TestACommandReachesRedisAsTheHubDoes(t *testing.T) {
	own := Redis{URL: "redis://127.0.0.1:6379/0"}
	for text, want := range map[string]Redis{
		"": own,
		"# flags\nTALKGATE_HUB_OPTIONS=\"--listen :8443 --tls-own-ca /x --redis redis://127.0.0.1:6380/0 --redis-username hub --mdns=false\"\n": {
			URL: "redis://127.0.0.1:6380/0", Username: "hub"},
		"TALKGATE_HUB_OPTIONS='--redis-password-file=${CREDENTIALS_DIRECTORY}/redis-password --udp :1'": {
			URL: own.URL, PasswordFile: "/run/credentials/talkgate-hub.service/redis-password"},
		"TALKGATE_HUB_OPTIONS=--redis": own,
	} {
		if got := RedisOfHub(text, own); got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
