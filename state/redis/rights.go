package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// Rights are the talk rights of one user.
type Rights struct {
	// Known is false when the rights could not be read: nobody may talk then.
	Known bool
	// Channels are the channels of which the user is a member, sorted.
	Channels []string
	// Banned takes the right to talk away everywhere.
	Banned bool
	// Source says where the news came from, for a log: "read" or "push".
	Source string
}

// MayTalk says whether the user may talk on a channel.
func (r Rights) MayTalk(channel string) bool {
	if !r.Known || r.Banned {
		return false
	}
	_, ok := slices.BinarySearch(r.Channels, channel)
	return ok
}

// ReadRights reads the stored rights of a user; one round trip. An absent or
// empty set is no rights.
func (c *Client) ReadRights(ctx context.Context, userID string) (Rights, error) {
	p := c.conn.Redis.Pipeline()
	members := p.SMembers(ctx, keyRights(userID))
	score := p.ZScore(ctx, keyBanned, userID)
	ban := p.Exists(ctx, keyBan(userID))
	now := p.Time(ctx)
	if err := conn.Execute(ctx, p); err != nil {
		return Rights{}, fmt.Errorf("read rights of user %q: %w", userID, err)
	}
	r := Rights{Known: true, Channels: members.Val(), Source: "read"}
	slices.Sort(r.Channels)
	if conn.Missing(score.Err()) {
		r.Banned = ban.Val() > 0
	} else {
		r.Banned = score.Val() >= float64(now.Val().UnixMilli())
	}
	return r, nil
}

// membershipUpdate is what the control plane publishes.
type membershipUpdate struct {
	EventID    string   `json:"eventId"`
	UserID     string   `json:"userId"`
	ChannelIDs []string `json:"channelIds"`
	Action     string   `json:"action"`
}

const actionSetUserChannels = "set_user_channels"

// parseMembershipUpdate checks a payload. The list is sorted and without
// duplicates; a missing or null list is no list, an empty one is no rights.
func parseMembershipUpdate(payload string) (membershipUpdate, error) {
	var u membershipUpdate
	if err := json.Unmarshal([]byte(payload), &u); err != nil {
		return membershipUpdate{}, fmt.Errorf("not a membership update: %w", err)
	}
	switch {
	case u.UserID == "":
		return membershipUpdate{}, errors.New("membership update without userId")
	case u.ChannelIDs == nil:
		return membershipUpdate{}, errors.New("membership update without channelIds")
	case u.Action != actionSetUserChannels:
		return membershipUpdate{}, fmt.Errorf("membership update with action %q, expected %q", u.Action, actionSetUserChannels)
	}
	slices.Sort(u.ChannelIDs)
	u.ChannelIDs = slices.Compact(u.ChannelIDs)
	return u, nil
}
