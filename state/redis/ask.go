package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/talkgate/talkgate/state/fleet"
)

// ErrNobody says that no gateway by that name listens.
var ErrNobody = errors.New("no gateway by that name listens in this Redis: is it running?")

// Ask puts a question to a gateway and waits for its answer until ctx ends. A client in
// somebody's name (By) writes down who asked.
func (c *Client) Ask(ctx context.Context, gateway string, what fleet.What) (fleet.Answer, error) {
	if !fleet.ValidID(gateway) {
		return fleet.Answer{}, fmt.Errorf("gateway is %q, expected an ID", gateway)
	}
	q := fleet.Question{ID: uuid.NewString(), What: what}
	text, err := json.Marshal(q)
	if err != nil {
		return fleet.Answer{}, err
	}
	f, err := c.conn.Listen(topicAnswer(q.ID))
	if err != nil {
		return fleet.Answer{}, err
	}
	defer f.Close()
	for asked := false; ; {
		select {
		case <-ctx.Done():
			return fleet.Answer{}, fmt.Errorf("gateway %q did not answer: %w", gateway, ctx.Err())
		case <-f.Wake():
		}
		for _, n := range f.Notes() {
			switch {
			case n.Down != nil:
				return fleet.Answer{}, fmt.Errorf("ask gateway %q: %w", gateway, n.Down)
			case n.Fresh && !asked:
				asked = true
				heard, err := c.conn.Redis.Publish(ctx, topicAsk(gateway), text).Result()
				if err != nil {
					return fleet.Answer{}, fmt.Errorf("ask gateway %q: %w", gateway, err)
				}
				if heard == 0 {
					return fleet.Answer{}, fmt.Errorf("ask gateway %q: %w", gateway, ErrNobody)
				}
				if c.actor != "" {
					c.audit.put(AuditEntry{ActorID: c.actor, Action: ActionAsked, TargetID: gateway, Metadata: map[string]any{"what": string(what)}})
				}
			case n.Topic != "":
				a, err := fleet.ParseAnswer(n.Payload)
				if err != nil {
					return fleet.Answer{}, fmt.Errorf("gateway %q: %w", gateway, err)
				}
				return a, nil
			}
		}
	}
}

// WatchQuestions hears what a gateway is asked until ctx ends, then returns nil. fn runs
// on one goroutine and must return soon. A question that cannot be read is logged.
func (c *Client) WatchQuestions(ctx context.Context, gateway string, fn func(fleet.Question)) error {
	f, err := c.conn.Listen(topicAsk(gateway))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.Wake():
		}
		for _, n := range f.Notes() {
			if n.Topic == "" {
				continue
			}
			q, err := fleet.ParseQuestion(n.Payload)
			if err != nil {
				c.conn.Log.Warn("a question is not answered", "err", err)
				continue
			}
			fn(q)
		}
	}
}

// AnswerQuestion tells whoever asked.
func (c *Client) AnswerQuestion(ctx context.Context, q fleet.Question, a fleet.Answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("answer of gateway %q: %w", a.Gateway, err)
	}
	if err := c.conn.Redis.Publish(ctx, topicAnswer(q.ID), text).Err(); err != nil {
		return fmt.Errorf("answer of gateway %q: %w", a.Gateway, err)
	}
	return nil
}
