package guard

import (
	"context"
	"fmt"
)

// mark is the attribute of a member whose permission a guard has taken. Only what
// guards took they give back: a token may forbid to publish on purpose.
const mark = "talkgate.guard"

// permit takes the permission to publish, and with it what is published, or gives
// back what was taken.
func (p *post) permit(ctx context.Context, who string, may bool) error {
	ctx, cancel := context.WithTimeout(ctx, apiTime)
	defer cancel()
	// Another guard may have heard the news before: what counts is in Redis. A
	// withdrawal holds even where that cannot be read.
	if r, err := p.cfg.State.ReadRights(ctx, who); err == nil && r.MayTalk(p.name) != may {
		return nil
	} else if err != nil && may {
		return err
	}
	now, err := p.api.Participant(ctx, p.name, who)
	if err != nil {
		return err
	}
	can, known := now.Permission["can_publish"].(bool)
	if !known {
		return fmt.Errorf("LiveKit does not tell the permissions of %q", who)
	}
	if can == may || (may && now.Attributes[mark] == "") {
		return nil
	}
	now.Permission["can_publish"] = may
	now.Attributes = map[string]string{mark: ""}
	if !may {
		now.Attributes[mark] = "no talk rights"
	}
	if err := p.api.Update(ctx, p.name, who, now); err != nil {
		return err
	}
	if may {
		p.log.Info("may publish again: it has talk rights", "user", who)
	} else {
		p.barred.Add(1)
		p.log.Warn("may not publish any more: it has no talk rights", "user", who)
	}
	return nil
}
