package doctor

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

// TestTheLayerThatFailsIsNamed, with the address tried, and the key that mends it.
func TestTheLayerThatFailsIsNamed(t *testing.T) {
	answer := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	defer plain.Close()
	defer secure.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	go func() {
		for {
			c, err := mute.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	for name, c := range map[string]struct{ url, found, do string }{
		"all work": {plain.URL, plain.Listener.Addr().String() + " answers; HTTP answers 200", ""},
		"DNS":      {"http://nobody.invalid:8080", "DNS: no address of nobody.invalid", "DNS server"},
		"TCP":      {"http://" + nobody, "TCP: dial tcp " + nobody, "link.url is right"},
		"TLS":      {secure.URL, "answers; TLS: ", "link.ca_file"},
		"HTTP":     {"http://" + mute.Addr().String(), "answers; HTTP: ", "port in link.url"},
	} {
		got := reach(t.Context(), config.Link{Hub: &config.HubLink{URL: config.URL(c.url)}})
		if !strings.Contains(got.found, c.found) || !strings.Contains(got.do, c.do) || (c.do == "") != (got.do == "") {
			t.Errorf("%s: found %q, do %q", name, got.found, got.do)
		}
	}
}
