package enroll

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/mdns/v2"
)

// TestWhatAHubSaysOfItself is not believed beyond an address to try.
func TestWhatAHubSaysOfItself(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.7")
	for text, want := range map[string]string{
		"":                                 "https://192.0.2.7:8443",
		"scheme=http":                      "http://192.0.2.7:8443",
		"url=https://hub.example/ptt":      "https://hub.example/ptt",
		"scheme=ftp":                       "",
		"url=javascript:alert(1)":          "",
		"url=https://user:word@hub":        "",
		"url=" + strings.Repeat("x", 1000): "https://" + strings.Repeat("x", 1000),
	} {
		i := mdns.ServiceInstance{Instance: "hub", Port: 8443}
		if key, value, ok := strings.Cut(text, "="); ok {
			i.Text = []mdns.TXTEntry{mdns.NewTXTString(key, value)}
		}
		f, ok := foundOf(i, addr)
		if ok != (want != "") || ok && f.URL != want {
			t.Errorf("%.60q: %+v, %v", text, f, ok)
		}
	}
	if f, ok := foundOf(mdns.ServiceInstance{Port: 1}, netip.MustParseAddr("fe80::1%eth0")); !ok || strings.Contains(f.URL, "eth0") {
		t.Errorf("%+v, %v", f, ok)
	}
	if _, ok := foundOf(mdns.ServiceInstance{Port: 1}, netip.Addr{}); ok {
		t.Error("a hub without an address")
	}
}
