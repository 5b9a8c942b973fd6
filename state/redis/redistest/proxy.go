package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy is a network between a client and a server, which can be spoilt.
type Proxy struct {
	// Addr and URL are for the client.
	Addr, URL string

	t     testing.TB
	proxy *toxiproxy.Proxy
}

// NewProxy runs a proxy before a server until the test ends.
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(api, "redis", "127.0.0.1:0", upstream)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &Proxy{Addr: p.Listen, URL: "redis://" + p.Listen, t: t, proxy: p}
}

// Spoil adds a toxic in one direction: "upstream" is towards the server. The
// attributes are pairs of name and number.
func (p *Proxy) Spoil(kind, stream string, attributes ...any) {
	p.t.Helper()
	var list []string
	for i := 0; i+1 < len(attributes); i += 2 {
		list = append(list, fmt.Sprintf("%q:%v", attributes[i], attributes[i+1]))
	}
	text := fmt.Sprintf(`{"name":"%s-%s","type":%q,"stream":%q,"toxicity":1,"attributes":{%s}}`, kind, stream, kind, stream, strings.Join(list, ","))
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		p.t.Fatal(err)
	}
}

// Blackhole swallows everything both ways; connections stay.
func (p *Proxy) Blackhole() {
	p.t.Helper()
	p.Spoil("timeout", "upstream", "timeout", 0)
	p.Spoil("timeout", "downstream", "timeout", 0)
}

// Cut closes every connection and refuses new ones.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Mend undoes Spoil, Blackhole and Cut.
func (p *Proxy) Mend() {
	p.t.Helper()
	p.proxy.Toxics.ResetToxics(context.Background())
	if err := p.proxy.Start(); err != nil && !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		p.t.Fatal(err)
	}
}
