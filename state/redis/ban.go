package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	banForEver       = 1<<53 - 1
	permanent        = "permanent"
	noReason         = "No reason provided"
	maxSecurityEvent = 5000
)

// Ban is a user's exclusion from talking.
type Ban struct {
	UserID, BannedBy, Reason string
	BannedAt                 time.Time
	// ExpiresAt is zero for a ban for ever.
	ExpiresAt time.Time
}

// BanUser takes the right to talk away from a user everywhere, for a time or,
// with zero, for ever, and tells the user's ports at once. A ban replaces the one
// before.
func (c *Client) BanUser(ctx context.Context, userID, by, reason string, length time.Duration) (Ban, error) {
	if userID == "" || by == "" {
		return Ban{}, fmt.Errorf("ban of user %q by %q: neither may be empty", userID, by)
	}
	if length < 0 {
		return Ban{}, fmt.Errorf("ban of user %q: length is %v, expected more than 0, or 0 for ever", userID, length)
	}
	if reason == "" {
		reason = noReason
	}
	b := Ban{UserID: userID, BannedBy: by, Reason: reason, BannedAt: time.Now().Truncate(time.Millisecond)}
	score, expires, duration := float64(banForEver), permanent, any(permanent)
	if length > 0 {
		b.ExpiresAt = b.BannedAt.Add(length)
		score, expires, duration = float64(b.ExpiresAt.UnixMilli()), strconv.FormatInt(b.ExpiresAt.UnixMilli(), 10), length.Milliseconds()
	}
	p := c.conn.Redis.Pipeline()
	p.ZAdd(ctx, keyBanned, goredis.Z{Score: score, Member: userID})
	p.Del(ctx, keyBan(userID))
	p.HSet(ctx, keyBan(userID), "userId", userID, "bannedBy", by, "bannedAt", strconv.FormatInt(b.BannedAt.UnixMilli(), 10),
		"expiresAt", expires, "reason", reason)
	if length > 0 {
		p.Expire(ctx, keyBan(userID), length+time.Second-1)
	}
	ms := b.BannedAt.UnixMilli()
	if err := addSecurityEvent(ctx, p, securityEvent{ID: fmt.Sprintf("ban_%s_%d", userID, ms), Type: "ban", ActorID: by, TargetID: &userID,
		Timestamp: ms, Metadata: map[string]any{"duration": duration, "reason": reason}}); err != nil {
		return Ban{}, err
	}
	if _, err := p.Exec(ctx); err != nil {
		return Ban{}, fmt.Errorf("ban user %q: %w", userID, err)
	}
	c.audit.put(AuditEntry{ActorID: by, Action: ActionBan, TargetID: userID, Metadata: map[string]any{"duration": duration, "reason": reason}})
	// An empty list takes the rights away without a further read.
	u := membershipUpdate{EventID: unknownEvent, UserID: userID, Action: actionSetUserChannels}
	return b, c.publishRights(ctx, u, topicRights(userID))
}

// UnbanUser ends a ban and tells the user's ports; false when there was none.
func (c *Client) UnbanUser(ctx context.Context, userID, by string) (bool, error) {
	if userID == "" || by == "" {
		return false, fmt.Errorf("unban user %q by %q: neither may be empty", userID, by)
	}
	ms := time.Now().UnixMilli()
	p := c.conn.Redis.Pipeline()
	removed := p.ZRem(ctx, keyBanned, userID)
	deleted := p.Del(ctx, keyBan(userID))
	members := p.SMembers(ctx, keyRights(userID))
	if err := addSecurityEvent(ctx, p, securityEvent{ID: fmt.Sprintf("unban_%s_%d", userID, ms), Type: "unban", ActorID: by, TargetID: &userID,
		Timestamp: ms, Metadata: map[string]any{}}); err != nil {
		return false, err
	}
	if _, err := p.Exec(ctx); err != nil {
		return false, fmt.Errorf("unban user %q: %w", userID, err)
	}
	c.audit.put(AuditEntry{ActorID: by, Action: ActionUnban, TargetID: userID})
	u := membershipUpdate{EventID: unknownEvent, UserID: userID, ChannelIDs: members.Val(), Action: actionSetUserChannels}
	return removed.Val()+deleted.Val() > 0, c.publishRights(ctx, u, topicRights(userID))
}

// Bans lists the bans that are in force, by user ID; two round trips.
func (c *Client) Bans(ctx context.Context) ([]Ban, error) {
	entries, err := c.conn.Redis.ZRangeWithScores(ctx, keyBanned, 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("read bans: %w", err)
	}
	p := c.conn.Redis.Pipeline()
	now := p.Time(ctx)
	details := make([]*goredis.MapStringStringCmd, len(entries))
	for i, e := range entries {
		details[i] = p.HGetAll(ctx, keyBan(fmt.Sprint(e.Member)))
	}
	if _, err := p.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read bans: %w", err)
	}
	var bans []Ban
	for i, e := range entries {
		if e.Score < float64(now.Val().UnixMilli()) {
			continue
		}
		bans = append(bans, parseBan(fmt.Sprint(e.Member), e.Score, details[i].Val()))
	}
	slices.SortFunc(bans, func(a, b Ban) int {
		if a.UserID < b.UserID {
			return -1
		}
		return 1
	})
	return bans, nil
}

// parseBan reads what is stored of a ban. The score is what counts; the details
// may be missing or nonsense.
func parseBan(userID string, score float64, details map[string]string) Ban {
	b := Ban{UserID: userID, BannedBy: details["bannedBy"], Reason: details["reason"]}
	if ms, err := strconv.ParseInt(details["bannedAt"], 10, 64); err == nil {
		b.BannedAt = time.UnixMilli(ms)
	}
	if score < banForEver {
		b.ExpiresAt = time.UnixMilli(int64(score))
	}
	return b
}

// securityEvent is one entry of the servers' security log.
type securityEvent struct {
	ID        string         `json:"id"`
	Type      string         `json:"type"`
	ActorID   string         `json:"actorId"`
	TargetID  *string        `json:"targetId"`
	Timestamp int64          `json:"timestamp"`
	Metadata  map[string]any `json:"metadata"`
}

func addSecurityEvent(ctx context.Context, p goredis.Pipeliner, ev securityEvent) error {
	b, err := json.Marshal(ev)
	if err != nil {
		return fmt.Errorf("security event %s: %w", ev.ID, err)
	}
	p.ZAdd(ctx, keySecurityEvents, goredis.Z{Score: float64(ev.Timestamp), Member: b})
	p.ZRemRangeByRank(ctx, keySecurityEvents, 0, -maxSecurityEvent-1)
	return nil
}
