package room

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	apiTokenLife = time.Minute
	// maxReply bounds what is read of a reply, in bytes.
	maxReply = 4 << 20
)

// API is the part of RoomService, the server's own API, that manages members: Twirp
// with JSON.
type API struct {
	Server string
	// Key returns the API key. It is called for each request, so that a key that
	// was rotated is used at once.
	Key    func() (Key, error)
	Client *http.Client
}

// Rooms returns the names of all rooms, also of those that nobody is in.
func (a *API) Rooms(ctx context.Context) ([]string, error) {
	var reply struct {
		Rooms []struct {
			Name string `json:"name"`
		} `json:"rooms"`
	}
	if err := a.call(ctx, "ListRooms", Grant{RoomList: true}, map[string]any{}, &reply); err != nil {
		return nil, err
	}
	names := make([]string, len(reply.Rooms))
	for i, r := range reply.Rooms {
		names[i] = r.Name
	}
	return names, nil
}

// Mute mutes one published track of a member.
func (a *API) Mute(ctx context.Context, room, identity, track string) error {
	return a.call(ctx, "MutePublishedTrack", Grant{Room: room, RoomAdmin: true},
		map[string]any{"room": room, "identity": identity, "track_sid": track, "muted": true}, nil)
}

// Participant is a member as the API describes it.
type Participant struct {
	// SID is of this session of the member.
	SID      string `json:"sid"`
	Identity string `json:"identity"`
	// Permission has all that the server can allow, by its names.
	Permission map[string]any    `json:"permission"`
	Attributes map[string]string `json:"attributes"`
	Tracks     []struct {
		SID   string `json:"sid"`
		Muted bool   `json:"muted"`
	} `json:"tracks"`
}

// May reports whether the member has a permission, such as "can_publish".
func (p *Participant) May(what string) bool { may, _ := p.Permission[what].(bool); return may }

// Participants returns all members of a room, also hidden ones.
func (a *API) Participants(ctx context.Context, room string) ([]Participant, error) {
	var reply struct {
		Participants []Participant `json:"participants"`
	}
	err := a.call(ctx, "ListParticipants", Grant{Room: room, RoomAdmin: true}, map[string]any{"room": room}, &reply)
	return reply.Participants, err
}

// Update sets a member's permissions, unless they are nil, and attributes. An
// attribute that is set to "" is deleted.
func (a *API) Update(ctx context.Context, room, identity string, permission map[string]any, attributes map[string]string) error {
	request := map[string]any{"room": room, "identity": identity, "attributes": attributes}
	if permission != nil {
		request["permission"] = permission
	}
	return a.call(ctx, "UpdateParticipant", Grant{Room: room, RoomAdmin: true}, request, nil)
}

// Subscribe has a member hear tracks.
func (a *API) Subscribe(ctx context.Context, room, identity string, tracks []string) error {
	return a.call(ctx, "UpdateSubscriptions", Grant{Room: room, RoomAdmin: true},
		map[string]any{"room": room, "identity": identity, "track_sids": tracks, "subscribe": true}, nil)
}

// Remove ends a member's session.
func (a *API) Remove(ctx context.Context, room, identity string) error {
	return a.call(ctx, "RemoveParticipant", Grant{Room: room, RoomAdmin: true}, map[string]any{"room": room, "identity": identity}, nil)
}

func (a *API) call(ctx context.Context, method string, g Grant, request, reply any) error {
	u, err := address(a.Server, "https", "http")
	if err != nil {
		return err
	}
	key, err := a.Key()
	if err != nil {
		return err
	}
	token, err := key.Sign("talkgate", "", g, apiTokenLife)
	if err != nil {
		return err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.JoinPath("twirp/livekit.RoomService", method).String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := a.client().Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %w", method, refusal(answer))
	}
	if reply == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxReply)).Decode(reply); err != nil {
		return fmt.Errorf("%s: LiveKit's reply: %w", method, err)
	}
	return nil
}

func (a *API) client() *http.Client {
	if a.Client == nil {
		return http.DefaultClient
	}
	return a.Client
}
