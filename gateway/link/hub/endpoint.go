package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/redact"
)

const (
	sdpType = "application/sdp"
	// maxAnswer bounds what is read of a response, in bytes.
	maxAnswer = 64 << 10
)

// RefusedError is the hub's refusal of a request.
type RefusedError struct {
	// Status is the HTTP status code.
	Status int
	// Reason is what the hub says about it.
	Reason string
	// RetryAfter is how long the hub asks to wait, zero if it does not.
	RetryAfter time.Duration
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("hub answers %d %s: %s", e.Status, http.StatusText(e.Status), e.Reason)
}

// Unwrap is the fault of the link that the refusal is.
func (e *RefusedError) Unwrap() error {
	switch e.Status {
	case http.StatusUnauthorized:
		return port.LinkTokenRefused
	case http.StatusForbidden:
		return port.LinkNoMember
	case http.StatusTooManyRequests:
		return port.LinkLimited
	}
	return port.LinkLost
}

// endpoint is a WHIP or WHEP endpoint (RFC 9725 section 4).
type endpoint struct {
	url    string
	token  func(ctx context.Context) (string, error)
	client *http.Client
	relays *relays
}

// post creates a session: it returns the answer, and where to delete the
// session. The location may be set even with an error.
func (e endpoint) post(ctx context.Context, offer string) (answer, location string, err error) {
	resp, err := e.do(ctx, http.MethodPost, e.url, offer)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return "", "", refusal(resp)
	}
	e.relays.learn(resp.Header)
	if location, err = sessionURL(resp); err != nil {
		return "", "", err
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != sdpType {
		return "", location, fmt.Errorf("%s: answer has type %q, want %s", e.url, kind, sdpType)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", location, fmt.Errorf("%s: answer: %w", e.url, err)
	}
	return string(body), location, nil
}

// delete ends a session.
func (e endpoint) delete(ctx context.Context, location string) error {
	resp, err := e.do(ctx, http.MethodDelete, location, "")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return refusal(resp)
	}
	return nil
}

func (e endpoint) do(ctx context.Context, method, target, body string) (*http.Response, error) {
	token, err := e.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("token for the hub: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", sdpType)
		req.Header.Set("Accept", sdpType)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, explained(err)
	}
	return resp, nil
}

// sessionURL is the Location of a response. One on another host is refused
// because the token would go there.
func sessionURL(resp *http.Response) (string, error) {
	at, err := resp.Location()
	if err != nil {
		return "", fmt.Errorf("%s: 201 without a usable Location: %w", resp.Request.URL.Redacted(), err)
	}
	if origin(at) != origin(resp.Request.URL) {
		return "", fmt.Errorf("%s: Location is on another host: %s", resp.Request.URL.Redacted(), at.Redacted())
	}
	return at.String(), nil
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// refusal reads why a hub refuses. The token that the request had does not get
// into the error, should the answer repeat it.
func refusal(resp *http.Response) error {
	e := &RefusedError{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	body := redact.Tokens(string(text), strings.TrimPrefix(resp.Request.Header.Get("Authorization"), "Bearer "))
	var said struct {
		Error string `json:"error"`
	}
	why := misdirected(resp, body)
	switch {
	case why != "":
		e.Reason = why
	case json.Unmarshal([]byte(body), &said) == nil && said.Error != "":
		e.Reason = said.Error
	case err == nil && len(body) > 0:
		e.Reason = strconv.Quote(strings.TrimSpace(body))
	default:
		e.Reason = "no reason given"
	}
	return e
}

// retryAfter reads both forms of RFC 9110 section 10.2.3.
func retryAfter(v string) time.Duration {
	if seconds, err := strconv.ParseUint(v, 10, 16); err == nil {
		return time.Duration(seconds) * time.Second
	} else if errors.Is(err, strconv.ErrRange) {
		return maxRetryAfter
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
