package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// sessionLife is how long a session that nobody puts again counts.
const sessionLife = time.Hour

// Session is one member's presence, as the servers store it.
type Session struct {
	UserID   string `json:"userId"`
	UserName string `json:"userName"`
	DeviceID string `json:"deviceId"`
	// ConnectedAt is in milliseconds since 1970.
	ConnectedAt int64    `json:"connectedAt"`
	Channels    []string `json:"channels"`
}

// PutSession makes a member present on its channels for an hour; put it again
// before that. One round trip.
func (c *Client) PutSession(ctx context.Context, s Session) error {
	if s.UserID == "" {
		return fmt.Errorf("put session: user ID is empty")
	}
	if s.Channels == nil {
		s.Channels = []string{}
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("put session of user %q: %w", s.UserID, err)
	}
	p := c.conn.Redis.Pipeline()
	p.HSet(ctx, keySessions, s.UserID, b)
	p.Set(ctx, keySession(s.UserID), "1", sessionLife)
	for _, ch := range s.Channels {
		p.SAdd(ctx, keyUsers(ch), s.UserID)
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("put session of user %q: %w", s.UserID, err)
	}
	return nil
}

// RemoveSession ends a member's presence on the channels its session names.
func (c *Client) RemoveSession(ctx context.Context, userID string) error {
	value, err := c.conn.Redis.HGet(ctx, keySessions, userID).Result()
	if err != nil && !conn.Missing(err) {
		return fmt.Errorf("remove session of user %q: %w", userID, err)
	}
	s, _ := parseSession(value)
	p := c.conn.Redis.Pipeline()
	for _, ch := range s.Channels {
		p.SRem(ctx, keyUsers(ch), userID)
	}
	p.HDel(ctx, keySessions, userID)
	p.Del(ctx, keySession(userID))
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("remove session of user %q: %w", userID, err)
	}
	return nil
}

// Sessions are all sessions, by user ID. What is no session is left out.
func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	all, err := c.conn.Redis.HGetAll(ctx, keySessions).Result()
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	var sessions []Session
	for userID, value := range all {
		if s, ok := parseSession(value); ok && s.UserID == userID {
			sessions = append(sessions, s)
		}
	}
	slices.SortFunc(sessions, func(a, b Session) int {
		if a.UserID < b.UserID {
			return -1
		}
		return 1
	})
	return sessions, nil
}

// ChannelUsers are the members present on a channel, sorted.
func (c *Client) ChannelUsers(ctx context.Context, channel string) ([]string, error) {
	users, err := c.conn.Redis.SMembers(ctx, keyUsers(channel)).Result()
	if err != nil {
		return nil, fmt.Errorf("read users of channel %q: %w", channel, err)
	}
	slices.Sort(users)
	return users, nil
}

func parseSession(value string) (Session, bool) {
	var s Session
	err := json.Unmarshal([]byte(value), &s)
	return s, err == nil && s.UserID != ""
}
