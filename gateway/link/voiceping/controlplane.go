package voiceping

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/redact"
)

// renewBefore is how long before its end a token is replaced.
const renewBefore = 10 * time.Minute

// ControlPlane gets tokens from the control plane: POST /api/auth/login with e-mail
// and password, then POST /api/router/token with the session's cookie. Its method
// Token fits Config.Token.
type ControlPlane struct {
	base     *url.URL
	email    string
	password func() (string, error)
	event    string
	client   *http.Client

	mu    sync.Mutex
	token string
	until time.Time
}

// NewControlPlane checks its arguments and sends nothing. base is for example
// "https://ptt.example"; password is asked for at each login.
func NewControlPlane(base, email string, password func() (string, error), event string) (*ControlPlane, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return nil, errors.New("control plane URL: want https://host or http://host without user and password")
	}
	if email == "" || event == "" || password == nil {
		return nil, errors.New("control plane: e-mail, password and event ID are required")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("control plane: %w", err)
	}
	return &ControlPlane{base: u, email: email, password: password, event: event,
		client: &http.Client{Jar: jar, Timeout: connectTimeout}}, nil
}

// Token returns the current token. It gets a new one when the token expires soon or
// when refused is the current token.
func (c *ControlPlane) Token(ctx context.Context, refused string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.token != refused && time.Now().Before(c.until.Add(-renewBefore)) {
		return c.token, nil
	}
	token, status, err := c.fetch(ctx)
	if status == http.StatusUnauthorized {
		// The session has ended, or there has been none yet.
		if err := c.login(ctx); err != nil {
			return "", err
		}
		token, _, err = c.fetch(ctx)
	}
	if err != nil {
		return "", err
	}
	until, err := expiry(token)
	if err != nil {
		return "", fmt.Errorf("control plane: token: %w", err)
	}
	if !time.Now().Before(until) {
		return "", errors.New("control plane: the new token has expired already; check the clocks")
	}
	c.token, c.until = token, until
	return token, nil
}

func (c *ControlPlane) login(ctx context.Context) error {
	password, err := c.password()
	if err != nil {
		return err
	}
	_, err = c.post(ctx, "/api/auth/login", map[string]string{"email": c.email, "password": password}, nil)
	return err
}

func (c *ControlPlane) fetch(ctx context.Context) (token string, status int, err error) {
	var reply struct {
		Token string `json:"token"`
	}
	status, err = c.post(ctx, "/api/router/token", map[string]string{"eventId": c.event}, &reply)
	if err == nil && reply.Token == "" {
		err = errors.New("control plane: /api/router/token: reply has no token")
	}
	return reply.Token, status, err
}

func (c *ControlPlane) post(ctx context.Context, path string, data, reply any) (status int, err error) {
	body, err := json.Marshal(data)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("control plane: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return 0, fmt.Errorf("control plane: %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		var said struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(answer, &said)
		return resp.StatusCode, &planeError{path: path, status: resp.StatusCode, said: hide(said.Error, data)}
	}
	if reply == nil {
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(answer, reply); err != nil {
		return resp.StatusCode, fmt.Errorf("control plane: %s: %w", path, err)
	}
	return resp.StatusCode, nil
}

// maxReason bounds, in bytes, what an error quotes of a refusal.
const maxReason = 200

// hide removes the values of a request from the server's answer to it.
func hide(said string, request any) string {
	if values, ok := request.(map[string]string); ok {
		for key, value := range values {
			if value != "" {
				said = strings.ReplaceAll(said, value, "["+key+"]")
			}
		}
	}
	said = redact.Tokens(said)
	return said[:min(len(said), maxReason)]
}

// planeError is a refusal of the control plane.
type planeError struct {
	path, said string
	status     int
}

func (e *planeError) Error() string {
	return fmt.Sprintf("control plane: %s answers %d %q; check link.email, link.password_file and link.event_id", e.path, e.status, e.said)
}

// Unwrap returns the fault that the port shows. A refusal needs another password or
// event, unless the control plane itself failed.
func (e *planeError) Unwrap() error {
	switch e.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return port.LinkTokenRefused
	case http.StatusTooManyRequests:
		return port.LinkLimited
	}
	return port.LinkLost
}

// expiry returns when a token expires. It does not verify the signature.
func expiry(token string) (time.Time, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, errors.New("not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, errors.New("not a JWT")
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expires <= 0 {
		return time.Time{}, errors.New("a JWT without end")
	}
	return time.Unix(int64(min(claims.Expires, 1<<40)), 0), nil
}
