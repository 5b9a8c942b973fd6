package hub

import (
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/talkgate/talkgate/media/rtc"
)

// maxRelays bounds the relays that a hub may name.
const maxRelays = 8

// relays remembers the TURN servers that the hub named last, for the attempt after one
// that found no direct way.
type relays struct {
	mu   sync.Mutex
	told []rtc.Relay
}

// learn reads the Link headers of an answer (RFC 9725 section 4.6).
func (r *relays) learn(head http.Header) {
	told := relaysOf(head)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = told
}

func (r *relays) all() []rtc.Relay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

// relaysOf are the TURN servers among the links of a header.
func relaysOf(head http.Header) (all []rtc.Relay) {
	for _, link := range head.Values("Link") {
		target, parameters, ok := strings.Cut(link, ">")
		url, is := strings.CutPrefix(strings.TrimSpace(target), "<")
		if !ok || !is || len(all) == maxRelays || !strings.HasPrefix(url, "turn:") && !strings.HasPrefix(url, "turns:") {
			continue
		}
		// They are written as those of a media type are.
		_, p, err := mime.ParseMediaType("link" + parameters)
		if err != nil || p["rel"] != "ice-server" || p["username"] == "" || p["credential"] == "" {
			continue
		}
		all = append(all, rtc.Relay{URL: url, Username: p["username"], Credential: p["credential"]})
	}
	return all
}
