package enroll

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/redact"
)

// requestTime bounds one request to a hub.
const requestTime = 10 * time.Second

// StatusError is a hub's refusal.
type StatusError struct {
	Status int
	Reason string
}

// Error implements error.
func (e *StatusError) Error() string { return e.Reason }

// NewClient is an HTTP client for a hub. ca are the PEM certificates to trust; empty is
// the system's.
func NewClient(ca string) (*http.Client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, errors.New("the hub's authority: expected PEM certificates, found none")
		}
	}
	return clientOf(settings), nil
}

// unpinned is the client of a board that does not know its hub yet. What it carries is
// sealed by the code.
func unpinned() *http.Client {
	return clientOf(&tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true})
}

func clientOf(settings *tls.Config) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = settings
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// call posts in as JSON, or gets where in is nil, and reads the answer into out.
func call(ctx context.Context, client *http.Client, url string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	method, body := http.MethodGet, []byte(nil)
	if in != nil {
		method = http.MethodPost
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, MaxMessage))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		var f Failure
		if json.Unmarshal(text, &f) != nil || f.Error == "" {
			f.Error = fmt.Sprintf("it answers %s, as no talkgate hub does: check the address", resp.Status)
		}
		return &StatusError{resp.StatusCode, redact.Tokens(f.Error)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return errors.New("its answer cannot be read: is it a talkgate hub of this version?")
	}
	return nil
}
