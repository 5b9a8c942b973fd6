package livekit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

const (
	// tokenLife is that of a token minted here: it is made for each connection.
	tokenLife = 10 * time.Minute
	// maxAccess bounds the answer of a token URL, in bytes.
	maxAccess = 64 << 10
)

// Access is where a room is joined, and with what.
type Access struct {
	// Server is its URL; empty is the configured one.
	Server string
	Token  string
}

// Minter makes tokens from an API key, which it asks for each time. Without publish
// it is left to a guard to permit that.
func Minter(key func() (room.Key, error), identity, name string, publish bool) func(context.Context, string) (Access, error) {
	return func(_ context.Context, channel string) (Access, error) {
		k, err := key()
		if err != nil {
			return Access{}, err
		}
		token, err := k.Sign(identity, name, room.Grant{Room: channel, RoomJoin: true, CanPublish: publish, CanSubscribe: true}, tokenLife)
		return Access{Token: token}, err
	}
}

// TokenURL fetches tokens, as LiveKit's token endpoints give them: POST of
// room_name, participant_identity and participant_name, answered with server_url
// and participant_token. bearer, if not nil, says what to authorize with.
func TokenURL(at string, bearer func() (string, error), identity, name string, client *http.Client) func(context.Context, string) (Access, error) {
	if client == nil {
		client = http.DefaultClient
	}
	return func(ctx context.Context, channel string) (Access, error) {
		body, err := json.Marshal(map[string]string{"room_name": channel, "participant_identity": identity, "participant_name": name})
		if err != nil {
			return Access{}, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
		if err != nil {
			return Access{}, err
		}
		r.Header.Set("Content-Type", "application/json")
		if bearer != nil {
			secret, err := bearer()
			if err != nil {
				return Access{}, err
			}
			r.Header.Set("Authorization", "Bearer "+secret)
		}
		answer, err := client.Do(r)
		if err != nil {
			return Access{}, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated {
			return Access{}, fmt.Errorf("the token URL answers %d %s: want 200 or 201 with a token", answer.StatusCode, http.StatusText(answer.StatusCode))
		}
		return parseAccess(io.LimitReader(answer.Body, maxAccess))
	}
}

func parseAccess(r io.Reader) (Access, error) {
	var a struct {
		Server string `json:"server_url"`
		Token  string `json:"participant_token"`
	}
	// What it says is a secret, or may be: an error does not repeat it.
	if err := json.NewDecoder(r).Decode(&a); err != nil || a.Token == "" {
		return Access{}, errors.New("the token URL answers without a participant_token: want a JSON object with server_url and participant_token")
	}
	if a.Server != "" && room.CheckURL(a.Server) != nil {
		return Access{}, errors.New("the token URL answers with a server_url that is none: want wss://host")
	}
	return Access{Server: a.Server, Token: a.Token}, nil
}
