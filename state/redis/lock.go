package redis

import (
	"cmp"
	"context"
	"fmt"
)

// Acquire asks for the floor: one round trip, in which rights, ban and lock are
// looked at, the lock is taken and the channel is told. It may be repeated for
// the same Claim. After an error the floor may or may not be held: Release it.
// A Claim that is Queued is asked again, in less than its Wait, or Released. An
// Emergency costs one round trip more, for the channels of its event.
func (c *Client) Acquire(ctx context.Context, cl Claim) (Decision, error) {
	prefix, err := c.prepare(cl)
	if err != nil {
		return Decision{}, err
	}
	if cl.Emergency {
		return c.acquireEvent(ctx, cl, prefix)
	}
	event, err := busyEvent(cl.Channel, cl.UserID, cl.UserName, cl.At)
	if err != nil {
		return Decision{}, err
	}
	keys, script := []string{keyLock(cl.Channel), keyEpoch(cl.Channel)}, c.scripts.acquire
	args := []any{cl.Channel, cl.UserID, prefix, cl.TTL.Milliseconds(), string(cl.Role), keyEvents(cl.Channel), event}
	if cl.Wait > 0 {
		keys, script = append(keys, keyQueue(cl.Channel), keyQueueSeen(cl.Channel)), c.scripts.acquireInTurn
		args = append(args, cl.Wait.Milliseconds())
	}
	no, keys, err := c.withRightsKeys(ctx, cl, keys)
	if err != nil {
		return Decision{}, fmt.Errorf("acquire floor of channel %q: %w", cl.Channel, err)
	}
	if no != "" {
		d := Decision{Verdict: verdictOf(no)}
		c.auditDecision(cl, d)
		return d, nil
	}
	spent, d, err := c.openAccount(ctx, cl)
	if spent || err != nil {
		return d, err
	}
	keys, args = c.withAccount(cl, keys, args...)
	reply, err := script.Run(ctx, c.conn.Redis, keys, args...).Slice()
	if err != nil {
		return Decision{}, fmt.Errorf("acquire floor of channel %q: %w", cl.Channel, err)
	}
	verdict, value := text(reply, 0), text(reply, 1)
	switch d.Verdict = verdictOf(verdict); d.Verdict {
	case 0:
		return Decision{}, fmt.Errorf("acquire floor of channel %q: script answered %q", cl.Channel, verdict)
	case Granted:
		d.Epoch, d.Left = parseHolder(value).Epoch, max(d.Left, millis(reply, 5))
		if old := text(reply, 3); old != "" {
			h := parseHolder(old)
			d.Preempted = &h
		}
	case Busy:
		d.Holder = parseHolder(value)
	case Spent:
		d.Wait = millis(reply, 5)
	case Queued:
		place, _ := reply[4].(int64)
		d.Holder, d.Place = parseHolder(value), int(place)
		return d, c.closeAccount(ctx, cl) // it is decided when its turn comes
	}
	c.auditDecision(cl, d)
	if d.Verdict != Granted {
		err = c.closeAccount(ctx, cl)
	}
	return d, err
}

// Renew extends the lock by its TTL if it is still the Claim's and its user may
// still talk; one round trip. It changes nothing otherwise.
func (c *Client) Renew(ctx context.Context, cl Claim) (Renewal, error) {
	prefix, err := c.prepare(cl)
	if err != nil {
		return Renewal{}, err
	}
	if cl.Emergency {
		return c.renewEvent(ctx, cl, prefix)
	}
	no, keys, err := c.withRightsKeys(ctx, cl, []string{keyLock(cl.Channel)})
	if err != nil {
		return Renewal{}, fmt.Errorf("renew floor of channel %q: %w", cl.Channel, err)
	}
	if no != "" {
		c.auditEntry(cl, ActionRevoked, map[string]any{"reason": no})
		return Renewal{State: stateOf(no)}, nil
	}
	if spent, d, err := c.openAccount(ctx, cl); spent || err != nil {
		return Renewal{State: OverBudget, Wait: d.Wait}, err
	}
	keys, args := c.withAccount(cl, keys, cl.Channel, cl.UserID, prefix, cl.TTL.Milliseconds())
	reply, err := c.scripts.renew.Run(ctx, c.conn.Redis, keys, args...).Slice()
	if err != nil {
		return Renewal{}, fmt.Errorf("renew floor of channel %q: %w", cl.Channel, err)
	}
	st := Renewal{State: stateOf(text(reply, 0))}
	switch st.State {
	case 0:
		return Renewal{}, fmt.Errorf("renew floor of channel %q: script answered %q", cl.Channel, text(reply, 0))
	case Lost:
		if value := text(reply, 1); value != "" {
			h := parseHolder(value)
			st.Holder = &h
		}
	case OverBudget:
		st.Wait = millis(reply, 2)
	case Revoked, RevokedByBan:
		c.auditEntry(cl, ActionRevoked, map[string]any{"reason": text(reply, 0)})
	}
	return st, nil
}

// Release gives the floor back, or the place in the queue, if it is the Claim's, and tells the channel only
// then; one round trip. It is right for a Claim whose Acquire was never answered;
// should that request still be under way, the lock's TTL ends it.
func (c *Client) Release(ctx context.Context, cl Claim) (released bool, err error) {
	prefix, err := c.prepare(cl)
	if err != nil {
		return false, err
	}
	if cl.Emergency {
		return c.releaseEvent(ctx, cl, prefix)
	}
	event, err := idleEvent(cl.Channel)
	if err != nil {
		return false, err
	}
	keys, script := []string{keyLock(cl.Channel)}, c.scripts.release
	args := []any{prefix, keyEvents(cl.Channel), event}
	if cl.Wait > 0 {
		keys, script = append(keys, keyQueue(cl.Channel), keyQueueSeen(cl.Channel)), c.scripts.releaseInTurn
	}
	keys, args = c.withAccount(cl, keys, args...)
	n, err := script.Run(ctx, c.conn.Redis, keys, args...).Int()
	if err = cmp.Or(err, c.closeAccount(ctx, cl)); err != nil {
		return false, fmt.Errorf("release floor of channel %q: %w", cl.Channel, err)
	}
	if n == 1 {
		c.auditEntry(cl, ActionStop, nil)
	}
	return n == 1, nil
}

func (c *Client) prepare(cl Claim) (prefix string, err error) {
	if err := cl.validate(); err != nil {
		return "", err
	}
	return cl.prefix()
}

// withRightsKeys adds the keys that decide about the right to talk, for the script to
// look at. A cluster keeps them on other slots: there they are read here, one
// round trip earlier, and the renewal's reading covers the gap.
func (c *Client) withRightsKeys(ctx context.Context, cl Claim, keys []string) (no string, all []string, err error) {
	if !c.cluster {
		return "", append(keys, keyRights(cl.UserID), keyBanned, keyBan(cl.UserID)), nil
	}
	r, err := c.ReadRights(ctx, cl.UserID)
	switch {
	case err != nil:
		return "", nil, err
	case r.Banned:
		return "banned", nil, nil
	case !r.MayTalk(cl.Channel):
		return "no-rights", nil, nil
	}
	return "", keys, nil
}

func verdictOf(s string) Verdict {
	switch s {
	case "granted":
		return Granted
	case "busy":
		return Busy
	case "no-rights":
		return NoRights
	case "banned":
		return Banned
	case "queued":
		return Queued
	case "spent":
		return Spent
	}
	return 0
}

func stateOf(s string) State {
	switch s {
	case "held":
		return Held
	case "lost":
		return Lost
	case "no-rights":
		return Revoked
	case "banned":
		return RevokedByBan
	case "spent":
		return OverBudget
	}
	return 0
}

func text(reply []any, i int) string {
	if i >= len(reply) {
		return ""
	}
	s, _ := reply[i].(string)
	return s
}
