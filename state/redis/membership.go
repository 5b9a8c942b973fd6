package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	goredis "github.com/redis/go-redis/v9"
)

// unknownEvent stands in a membership update for a channel that belongs to no
// event; servers skip an update without one.
const unknownEvent = "talkgate"

// By is the client in somebody's name: what it changes of talk rights is in the
// audit log as theirs, and what it asks of gateways. It shares everything with c, which
// is the one to be closed.
func (c *Client) By(actor string) *Client {
	named := *c
	named.actor = actor
	return &named
}

// GrantRights lets a user talk on further channels and tells everybody, as the
// control plane does. It returns the user's whole new list, sorted.
func (c *Client) GrantRights(ctx context.Context, userID string, channels ...string) ([]string, error) {
	return c.changeRights(ctx, userID, channels, channels, nil)
}

// RevokeRights takes channels away from a user and tells everybody; a talk spurt
// there ends at once. It returns the user's whole new list, sorted.
func (c *Client) RevokeRights(ctx context.Context, userID string, channels ...string) ([]string, error) {
	return c.changeRights(ctx, userID, channels, nil, channels)
}

// SetRights makes channels the user's whole list and tells everybody.
func (c *Client) SetRights(ctx context.Context, userID string, channels ...string) ([]string, error) {
	now, err := c.ReadRights(ctx, userID)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, ch := range now.Channels {
		if !slices.Contains(channels, ch) {
			gone = append(gone, ch)
		}
	}
	return c.changeRights(ctx, userID, append(slices.Clone(channels), gone...), channels, gone)
}

// changeRights writes first and publishes then, so that whoever reads upon the
// message reads the change. Each set is changed member by member and never
// deleted: nobody sees a list that is empty only for the moment. It is no
// transaction, which a Redis that is out of memory refuses even for removals.
func (c *Client) changeRights(ctx context.Context, userID string, touched, add, remove []string) ([]string, error) {
	if userID == "" || slices.Contains(touched, "") {
		return nil, fmt.Errorf("change rights of user %q on channels %q: neither may be empty", userID, touched)
	}
	p := c.conn.Redis.Pipeline()
	var changes []rightsChange
	for _, ch := range remove {
		changes = append(changes, rightsChange{ActionTaken, ch, p.SRem(ctx, keyRights(userID), ch)})
		p.SRem(ctx, keyMembers(ch), userID)
	}
	for _, ch := range add {
		changes = append(changes, rightsChange{ActionGranted, ch, p.SAdd(ctx, keyRights(userID), ch)})
		p.SAdd(ctx, keyMembers(ch), userID)
	}
	members := p.SMembers(ctx, keyRights(userID))
	var events *goredis.SliceCmd
	if len(touched) > 0 {
		events = p.HMGet(ctx, keyChannelEvents, touched...)
	}
	if _, err := p.Exec(ctx); err != nil {
		return nil, fmt.Errorf("change rights of user %q: %w", userID, err)
	}
	c.auditRights(userID, changes)
	list := members.Val()
	slices.Sort(list)
	u := membershipUpdate{EventID: unknownEvent, UserID: userID, ChannelIDs: list, Action: actionSetUserChannels}
	if events != nil {
		for _, v := range events.Val() {
			if s, ok := v.(string); ok && s != "" {
				u.EventID = s
				break
			}
		}
	}
	return list, c.publishRights(ctx, u, topicRights(userID), MembershipUpdates)
}

// rightsChange is one channel given to a user or taken away, and how many rights
// that changed.
type rightsChange struct {
	action, channel string
	changed         *goredis.IntCmd
}

// auditRights writes down what was changed, if it is known by whom.
func (c *Client) auditRights(userID string, changes []rightsChange) {
	for _, ch := range changes {
		if c.actor != "" && ch.changed.Val() > 0 {
			c.audit.put(AuditEntry{ActorID: c.actor, Action: ch.action, TargetID: userID, Metadata: map[string]any{"channel": ch.channel}})
		}
	}
}

// publishRights tells of a user's rights on one topic after the other. They are
// not sent together: Redis would hand out neither message before it had written
// the second one to everybody's buffers.
func (c *Client) publishRights(ctx context.Context, u membershipUpdate, topics ...string) error {
	if u.ChannelIDs == nil {
		u.ChannelIDs = []string{}
	}
	payload, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("membership update of user %q: %w", u.UserID, err)
	}
	for _, topic := range topics {
		if err := c.conn.Redis.Publish(ctx, topic, payload).Err(); err != nil {
			return fmt.Errorf("rights of user %q are changed but %s was not told: %w", u.UserID, topic, err)
		}
	}
	return nil
}
