package hub

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/talkgate/talkgate/state/textfile"
)

// maxRedirects bounds how often a hub may send a request on.
const maxRedirects = 3

// NewClient makes the HTTP client for a hub. caFile holds PEM certificates to
// trust in the place of the system's; fingerprint is the SHA-256 of the one
// certificate to accept, whoever signed it. Both may be empty.
func NewClient(caFile, fingerprint string) (*http.Client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := textfile.Read(caFile)
		if err != nil {
			return nil, fmt.Errorf("link.ca_file: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("link.ca_file: expected PEM certificates, found none")
		}
	}
	if fingerprint != "" {
		want, err := hex.DecodeString(strings.ReplaceAll(fingerprint, ":", ""))
		if err != nil || len(want) != sha256.Size {
			return nil, errors.New("link.fingerprint: expected 64 hexadecimal digits, the SHA-256 of the hub's certificate")
		}
		settings.InsecureSkipVerify = true // VerifyConnection does it
		settings.VerifyConnection = func(s tls.ConnectionState) error {
			if got := sha256.Sum256(s.PeerCertificates[0].Raw); string(got[:]) != string(want) {
				return fmt.Errorf("%w: it is %X", errFingerprint, got)
			}
			return nil
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = settings
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}, nil
}

var errFingerprint = errors.New("the hub's certificate is not the one of link.fingerprint")

// checkRedirect follows what keeps a request as it is (307 and 308), on the same
// host and never from https to http: the token goes along. Whatever else a hub
// says is an answer, and a refusal.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch next.Response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if next.URL.Hostname() == first.URL.Hostname() && (next.URL.Scheme == "https" || first.URL.Scheme == "http") && len(via) <= maxRedirects {
			next.Header.Set("Authorization", first.Header.Get("Authorization"))
			return nil
		}
	}
	return http.ErrUseLastResponse
}

// explained says what to do about a request that got no answer.
func explained(err error) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("the hub's certificate is of an authority unknown here; set link.ca_file or link.fingerprint: %w", err)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("the hub speaks plain HTTP; link.url wants http:// in the place of https://: %w", err)
	}
	return err
}

// misdirected says what an answer that is not the hub's own means; empty if it
// may be the hub's.
func misdirected(resp *http.Response, body string) string {
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		if at, err := resp.Location(); err == nil {
			at.RawQuery, at.Fragment = "", ""
			return fmt.Sprintf("it sends the request on to %.200s, which is not followed; put the hub's own address into link.url", at.Redacted())
		}
		return "it sends the request on to nowhere; check link.url"
	case resp.StatusCode == http.StatusBadRequest && (strings.Contains(body, "HTTP request to an HTTPS server") || strings.Contains(body, "plain HTTP request was sent to HTTPS")):
		return "it speaks TLS; link.url wants https:// in the place of http://"
	}
	return ""
}
