package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/textfile"
)

// tcpTime bounds the connection to one address, and each of what follows on it.
const tcpTime = 2 * time.Second

// layers is what the layers of the network below a link found. do says what to do about the
// first that fails; it is empty if HTTP answers.
type layers struct{ found, do string }

// reach tries the way to a channel server layer by layer: DNS, TCP to each address, TLS,
// HTTP. What is above, the link itself says.
func reach(ctx context.Context, link config.Link) layers {
	at, client, err := serverOf(link)
	if err != nil {
		return layers{err.Error(), "correct link in the configuration"}
	}
	defer client.CloseIdleConnections()
	addresses, err := net.DefaultResolver.LookupHost(ctx, at.Hostname())
	if err != nil {
		return layers{fmt.Sprintf("DNS: no address of %s: %v", at.Hostname(), err), "see that the name in link.url is right, and that the board's DNS server answers"}
	}
	secure := at.Scheme == "https" || at.Scheme == "wss"
	port := at.Port()
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[secure]
	}
	working, tried := connectTo(ctx, addresses, port)
	if working == "" {
		return layers{"TCP: " + tried, "see that link.url is right, that the channel server runs, and that no firewall is between"}
	}
	found := "TCP: " + tried
	if secure {
		if err := shakeHands(ctx, client, working, at.Hostname()); err != nil {
			return layers{found + "; TLS: " + err.Error(), "set link.ca_file or link.fingerprint for a hub with a certificate of its own; http:// in link.url for one without TLS; set the clock"}
		}
		found += "; TLS works"
	}
	status, err := get(ctx, client, at, secure)
	if err != nil {
		return layers{found + "; HTTP: " + err.Error(), "see that the port in link.url is the channel server's"}
	}
	return layers{found: found + "; HTTP answers " + status}
}

// serverOf is the URL of the channel server, and a client that trusts at least what the link
// trusts: of a certificate that is pinned the link says itself whether it is the right one.
func serverOf(link config.Link) (*url.URL, *http.Client, error) {
	var text config.URL
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case link.Hub != nil:
		text = link.Hub.URL
		settings.InsecureSkipVerify = link.Hub.Fingerprint != ""
		if file := string(link.Hub.CAFile); file != "" {
			pem, err := textfile.Read(file)
			if err != nil {
				return nil, nil, fmt.Errorf("link.ca_file: %w", err)
			}
			settings.RootCAs = x509.NewCertPool()
			settings.RootCAs.AppendCertsFromPEM(pem)
		}
	case link.VoicePing != nil:
		text = link.VoicePing.URL
	case link.LiveKit != nil:
		text = link.LiveKit.URL
	}
	at, err := url.Parse(string(text))
	if err != nil {
		return nil, nil, err
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return at, &http.Client{Transport: &http.Transport{TLSClientConfig: settings}, CheckRedirect: stay}, nil
}

// connectTo tries a port of all addresses at the same time; working is the first that
// answers.
func connectTo(ctx context.Context, addresses []string, port string) (working, tried string) {
	found := make([]string, len(addresses))
	done := make(chan int)
	answers := make([]bool, len(addresses))
	for i, address := range addresses {
		go func() {
			defer func() { done <- i }()
			target := net.JoinHostPort(address, port)
			c, err := (&net.Dialer{Timeout: tcpTime}).DialContext(ctx, "tcp", target)
			if err != nil {
				found[i] = err.Error()
				return
			}
			_ = c.Close()
			found[i], answers[i] = target+" answers", true
		}()
	}
	for range addresses {
		<-done
	}
	if i := slices.Index(answers, true); i >= 0 {
		working = net.JoinHostPort(addresses[i], port)
	}
	return working, strings.Join(found, ", ")
}

// shakeHands does a TLS handshake as the link would.
func shakeHands(ctx context.Context, client *http.Client, address, name string) error {
	settings := client.Transport.(*http.Transport).TLSClientConfig.Clone()
	settings.ServerName = name
	ctx, cancel := context.WithTimeout(ctx, tcpTime)
	defer cancel()
	c, err := (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}

// get asks for the server's first page: any answer will do.
func get(ctx context.Context, client *http.Client, at *url.URL, secure bool) (status string, err error) {
	page := *at
	page.Scheme = map[bool]string{true: "https", false: "http"}[secure]
	ctx, cancel := context.WithTimeout(ctx, tcpTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(r)
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close()
	return resp.Status, nil
}
