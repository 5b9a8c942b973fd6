package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// The actions of audit entries, as the servers name them; those from event.paused on are ours.
const (
	ActionStart       = "ptt.start"
	ActionStop        = "ptt.stop"
	ActionDenied      = "ptt.denied"
	ActionPriority    = "priority_ptt.start"
	ActionInterrupted = "priority_ptt.interrupted"
	ActionRevoked     = "permission.revoked"
	ActionBan         = "security.ban"
	ActionUnban       = "security.unban"

	ActionEmergency    = "emergency_broadcast.start"
	ActionEmergencyEnd = "emergency_broadcast.stop"

	ActionPaused = "event.paused"

	ActionEventSet = "event.set"
	ActionGranted  = "rights.granted"
	ActionTaken    = "rights.taken"
	ActionAsked    = "gateway.asked"

	ActionAcknowledged = "emergency.acknowledged"
	ActionListened     = "recall.played"
	ActionExported     = "recall.exported"
	ActionRecallOn     = "recall.started"
	ActionRecallOff    = "recall.stopped"
)

const (
	maxAudit       = 10000
	auditActorLife = 30 * 24 * time.Hour
	auditQueue     = 1024
	auditTimeout   = 2 * time.Second
	auditDelay     = 20 * time.Millisecond
	// auditGrace is how long a client that closes waits for its entries.
	auditGrace = 300 * time.Millisecond
)

// AuditEntry is one line of the log that servers and gateways share.
type AuditEntry struct {
	// ID is made when empty, Timestamp when zero.
	ID        string
	Timestamp time.Time
	// EventID is looked up for a target that is a channel of an event.
	EventID string
	ActorID string
	Action  string
	// TargetID is the channel or user acted upon; empty for none.
	TargetID string
	Metadata map[string]any
}

// auditJSON is an AuditEntry as it is stored.
type auditJSON struct {
	ID        string         `json:"id"`
	ActorID   string         `json:"actorId"`
	EventID   *string        `json:"eventId"`
	Action    string         `json:"action"`
	TargetID  *string        `json:"targetId"`
	Metadata  map[string]any `json:"metadata"`
	Timestamp int64          `json:"timestamp"`
}

// MarshalJSON writes the entry as the servers do.
func (e AuditEntry) MarshalJSON() ([]byte, error) {
	orNull := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	j := auditJSON{ID: e.ID, ActorID: e.ActorID, EventID: orNull(e.EventID), Action: e.Action, TargetID: orNull(e.TargetID),
		Metadata: e.Metadata, Timestamp: e.Timestamp.UnixMilli()}
	if j.Metadata == nil {
		j.Metadata = map[string]any{}
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads an entry of the log, whoever wrote it.
func (e *AuditEntry) UnmarshalJSON(b []byte) error {
	var j auditJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*e = AuditEntry{ID: j.ID, ActorID: j.ActorID, Action: j.Action, Metadata: j.Metadata, Timestamp: time.UnixMilli(j.Timestamp)}
	if j.EventID != nil {
		e.EventID = *j.EventID
	}
	if j.TargetID != nil {
		e.TargetID = *j.TargetID
	}
	return nil
}

// Audit returns the newest entries of the log, newest first. What is no entry is
// left out.
func (c *Client) Audit(ctx context.Context, limit int) ([]AuditEntry, error) {
	lines, err := c.conn.Redis.LRange(ctx, keyAudit, 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	var entries []AuditEntry
	for _, line := range lines {
		var e AuditEntry
		if json.Unmarshal([]byte(line), &e) == nil {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// Note appends an entry to the log, off the caller's path; one that Redis does not take in
// time is lost with a warning.
func (c *Client) Note(e AuditEntry) { c.audit.put(e) }

// auditor writes entries off the path of a press. What Redis does not take in
// time is lost with a warning: a radio does not wait for its log.
type auditor struct {
	rdb   goredis.UniversalClient
	log   *slog.Logger
	queue chan AuditEntry
	stop  context.CancelFunc
	done  sync.WaitGroup
}

func newAuditor(rdb goredis.UniversalClient, log *slog.Logger) *auditor {
	ctx, stop := context.WithCancel(context.Background())
	a := &auditor{rdb: rdb, log: log, queue: make(chan AuditEntry, auditQueue), stop: stop}
	a.done.Go(func() { a.run(ctx) })
	return a
}

// close writes what is queued and waits.
func (a *auditor) close() {
	a.stop()
	a.done.Wait()
}

func (a *auditor) put(e AuditEntry) {
	if e.ID == "" {
		e.ID = uuid.NewString()
	}
	if e.Timestamp.IsZero() {
		e.Timestamp = time.Now()
	}
	select {
	case a.queue <- e:
	default:
		a.log.Warn("audit entry lost: too many wait", "action", e.Action, "actor", e.ActorID, "target", e.TargetID)
	}
}

func (a *auditor) run(ctx context.Context) {
	for last := false; !last; {
		var batch []AuditEntry
		select {
		case e := <-a.queue:
			batch = append(batch, e)
			// What follows soon goes with it.
			timer := time.NewTimer(auditDelay)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				last = true
			}
		case <-ctx.Done():
			last = true
		}
		for more := true; more && len(batch) < auditQueue; {
			select {
			case e := <-a.queue:
				batch = append(batch, e)
			default:
				more = false
			}
		}
		if len(batch) == 0 {
			continue
		}
		if err := a.write(ctx, batch); err != nil {
			a.log.Warn("audit entries lost", "count", len(batch), "err", err)
		}
	}
}

// write stores a batch in two round trips: the channels' events, the entries. It
// hurries once until has ended.
func (a *auditor) write(until context.Context, batch []AuditEntry) error {
	ctx, cancel := context.WithTimeout(context.Background(), auditTimeout)
	defer cancel()
	defer context.AfterFunc(until, func() { time.AfterFunc(auditGrace, cancel) })()
	p := a.rdb.Pipeline()
	events := make([]*goredis.StringCmd, len(batch))
	for i, e := range batch {
		if e.EventID == "" && e.TargetID != "" {
			events[i] = p.HGet(ctx, keyChannelEvents, e.TargetID)
		}
	}
	if p.Len() > 0 {
		if err := conn.Execute(ctx, p); err != nil {
			return err
		}
	}
	p = a.rdb.Pipeline()
	var bad error
	for i, e := range batch {
		if events[i] != nil {
			e.EventID = events[i].Val()
		}
		b, err := json.Marshal(e)
		if err != nil {
			bad = errors.Join(bad, err)
			continue
		}
		p.LPush(ctx, keyAudit, b)
		p.ZAdd(ctx, keyAuditActor(e.ActorID), goredis.Z{Score: float64(e.Timestamp.UnixMilli()), Member: b})
		p.Expire(ctx, keyAuditActor(e.ActorID), auditActorLife)
	}
	p.LTrim(ctx, keyAudit, 0, maxAudit-1)
	_, err := p.Exec(ctx)
	return errors.Join(bad, err)
}
