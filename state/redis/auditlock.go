package redis

// auditDecision writes down the answer to a press.
func (c *Client) auditDecision(cl Claim, d Decision) {
	switch {
	case d.Verdict == Granted && d.Preempted != nil:
		c.auditEntry(cl, ActionInterrupted, map[string]any{"interruptedUser": d.Preempted.UserID,
			"interruptedUserName": d.Preempted.UserName, "interruptedRole": d.Preempted.Role})
		c.auditEntry(cl, ActionPriority, map[string]any{"interrupted": true, "interruptedUser": d.Preempted.UserID})
	case d.Verdict == Granted:
		c.auditEntry(cl, ActionStart, nil)
	case d.Verdict == Busy:
		c.auditEntry(cl, ActionDenied, map[string]any{"currentSpeaker": d.Holder.UserID, "currentSpeakerName": d.Holder.UserName})
	default:
		c.auditEntry(cl, ActionDenied, map[string]any{"reason": d.Verdict.String()})
	}
}

func (c *Client) auditEntry(cl Claim, action string, metadata map[string]any) {
	m := map[string]any{"userName": cl.UserName}
	if cl.Role != "" {
		m["role"] = cl.Role
	}
	for k, v := range metadata {
		m[k] = v
	}
	c.audit.put(AuditEntry{ActorID: cl.UserID, Action: action, TargetID: cl.Channel, Metadata: m})
}
