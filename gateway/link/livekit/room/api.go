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

// API is the server's own API, RoomService, as far as it minds members: Twirp
// with JSON.
type API struct {
	Server string
	Key    Key
	Client *http.Client
}

// Rooms are the names of the rooms that somebody is in who does not hide.
func (a *API) Rooms(ctx context.Context) ([]string, error) {
	var reply struct {
		Rooms []struct {
			Name         string `json:"name"`
			Participants int    `json:"num_participants"`
		} `json:"rooms"`
	}
	if err := a.call(ctx, "ListRooms", Grant{RoomList: true}, map[string]any{}, &reply); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(reply.Rooms))
	for _, r := range reply.Rooms {
		if r.Participants > 0 {
			names = append(names, r.Name)
		}
	}
	return names, nil
}

// Mute mutes one published track of a member.
func (a *API) Mute(ctx context.Context, room, identity, track string) error {
	return a.call(ctx, "MutePublishedTrack", Grant{Room: room, RoomAdmin: true},
		map[string]any{"room": room, "identity": identity, "track_sid": track, "muted": true}, nil)
}

// Participant is a member as the API has it.
type Participant struct {
	// Permission has all that the server knows to allow, by its names.
	Permission map[string]any    `json:"permission"`
	Attributes map[string]string `json:"attributes"`
}

// Participant reads a member.
func (a *API) Participant(ctx context.Context, room, identity string) (Participant, error) {
	var p Participant
	err := a.call(ctx, "GetParticipant", Grant{Room: room, RoomAdmin: true}, map[string]any{"room": room, "identity": identity}, &p)
	return p, err
}

// Update sets a member's permissions and attributes. An attribute set to
// nothing is deleted.
func (a *API) Update(ctx context.Context, room, identity string, p Participant) error {
	return a.call(ctx, "UpdateParticipant", Grant{Room: room, RoomAdmin: true},
		map[string]any{"room": room, "identity": identity, "permission": p.Permission, "attributes": p.Attributes}, nil)
}

func (a *API) call(ctx context.Context, method string, g Grant, request, reply any) error {
	u, err := address(a.Server, "https", "http")
	if err != nil {
		return err
	}
	token, err := a.Key.Sign("talkgate", "", g, apiTokenLife)
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
