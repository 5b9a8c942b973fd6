package guard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

const (
	// takenAttribute is the attribute of a member with the permissions that a guard
	// has taken. A guard gives back no others: a token may leave one out on purpose.
	takenAttribute = "talkgate.taken"
	canPublish     = "can_publish"
	canSubscribe   = "can_subscribe"
	// inFlight is how long packets that were sent before a measure may still come.
	inFlight = 50 * time.Millisecond
	// readTimeout bounds the reading of the floor before a measure.
	readTimeout = 300 * time.Millisecond
)

// call runs do beside everything else; one call about a member at a time.
func (r *roomGuard) call(who string, do func() outcome) {
	r.busy[who] = true
	r.calls.Go(func() {
		o := do()
		o.who = who
		r.outcomes <- o
	})
}

func (r *roomGuard) onOutcome(ctx context.Context, o outcome) {
	delete(r.busy, o.who)
	if o.err != nil {
		if ctx.Err() == nil {
			r.log.Warn("a member could not be stopped; tried again", "user", o.who, "err", o.err)
		}
		return
	}
	r.settled[o.who] = time.Now()
	if o.penalty != nil {
		r.penalties[o.who] = o.penalty
	}
	r.list(ctx)
}

// onOffence stops a member that has sent too much without the floor.
func (r *roomGuard) onOffence(ctx context.Context, who string) {
	now := time.Now()
	if r.busy[who] {
		return
	}
	sees := r.sight.sees(now)
	if !sees && r.sight.anotherSees(now) {
		return
	}
	member, ok := r.sender(who)
	if !ok {
		return
	}
	current := r.penalties[who]
	may, known := r.may[who]
	permission, attributes, _ := adjust(r.participant(member), false, may || !known)
	r.call(who, func() outcome {
		ctx, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		// The news of a grant may be late, but a reading is not.
		if sees {
			sees = r.readFloor(ctx)
		}
		if r.meter.holds(who, time.Now()) {
			return outcome{}
		}
		next := current.next(time.Now(), member.SID, !sees)
		if err := r.stop(ctx, member, next.measure, permission, attributes); err != nil {
			return outcome{err: err}
		}
		r.meter.restrict(who, time.Now().Add(inFlight))
		return outcome{penalty: next}
	})
}

func (r *roomGuard) readFloor(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	v, err := r.cfg.State.ReadFloor(ctx, r.name)
	if err == nil {
		r.applyFloor(v)
	}
	return err == nil
}

// stop takes a measure against a member that sends without the floor.
func (r *roomGuard) stop(ctx context.Context, m room.Member, what measure, permission map[string]any, attributes map[string]string) error {
	switch what {
	case muted:
		for _, track := range m.Tracks {
			if slices.Contains(m.Muted, track) {
				continue
			}
			if err := r.api.Mute(ctx, r.name, m.Identity, track); gone(err) != nil {
				return err
			}
			r.mutes.Add(1)
			r.log.Warn("muted: it sends without the floor", "user", m.Identity)
		}
		return nil
	case unpublished:
		if permission == nil {
			return nil // taken already
		}
		if err := r.api.Update(ctx, r.name, m.Identity, permission, attributes); gone(err) != nil {
			return err
		}
		r.barred.Add(1)
		r.log.Warn("may not publish for a while: it sends without the floor although it was muted", "user", m.Identity, "for", penaltyTime)
		return nil
	default:
		return r.remove(ctx, m.Identity)
	}
}

func (r *roomGuard) remove(ctx context.Context, who string) error {
	if err := r.api.Remove(ctx, r.name, who); gone(err) != nil {
		return err
	}
	r.removed.Add(1)
	r.log.Warn("removed, and refused for a while: it goes on sending without the floor", "user", who, "for", penaltyTime)
	return nil
}

// gone returns err unless it says that the member is not there any more.
func gone(err error) error {
	var refused *room.RefusedError
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// sender returns the session in which somebody sends.
func (r *roomGuard) sender(who string) (sender room.Member, ok bool) {
	for _, m := range r.session.Members() {
		if m.Identity == who && (!ok || len(m.Tracks) > len(m.Muted)) {
			sender, ok = m, true
		}
	}
	return sender, ok
}

// participant returns what was listed last of a member's session.
func (r *roomGuard) participant(m room.Member) room.Participant {
	for _, p := range r.members {
		if p.Identity == m.Identity && p.SID == m.SID {
			return p
		}
	}
	// Not listed yet: it has what a token gives.
	return room.Participant{SID: m.SID, Identity: m.Identity, Permission: map[string]any{
		canPublish: true, canSubscribe: true, "can_publish_data": true}}
}

func (r *roomGuard) settleAll(ctx context.Context) {
	for i := range r.members {
		r.settle(ctx, &r.members[i])
	}
}

// settle gives a member the permissions that its rights and its penalty leave it, and
// ends sessions that are refused.
func (r *roomGuard) settle(ctx context.Context, m *room.Participant) {
	who := m.Identity
	if r.busy[who] {
		return
	}
	what := r.penalties[who].inSession(time.Now(), m.SID)
	if what == removed {
		next := *r.penalties[who]
		next.measure = removed
		r.call(who, func() outcome {
			ctx, cancel := context.WithTimeout(ctx, apiTimeout)
			defer cancel()
			return outcome{err: r.remove(ctx, who), penalty: &next}
		})
		return
	}
	may, known := r.may[who]
	if !known {
		return
	}
	permission, attributes, grants := adjust(*m, may && what != unpublished, may)
	if r.cfg.Grants && may && what != unpublished && !m.May(canPublish) {
		permission, attributes = grantPublish(*m, attributes)
		grants = true
	}
	if permission == nil {
		return
	}
	m.Permission, m.Attributes = permission, attributes
	r.call(who, func() outcome {
		ctx, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		if err := r.api.Update(ctx, r.name, who, permission, attributes); gone(err) != nil {
			return outcome{err: fmt.Errorf("change permissions: %w", err)}
		}
		if grants {
			r.log.Info("may talk and listen by its talk rights", "user", who)
		} else {
			r.barred.Add(1)
			r.log.Warn("may neither talk nor listen: it has no talk rights", "user", who)
		}
		return outcome{}
	})
}

// adjust returns the permissions of a member who may publish and listen or not, and
// the attribute that says what was taken. It returns nil if they are right already.
// gives reports whether something is given back.
func adjust(m room.Participant, publish, listen bool) (permission map[string]any, attributes map[string]string, gives bool) {
	taken := strings.Fields(m.Attributes[takenAttribute])
	for _, want := range []struct {
		what string
		may  bool
	}{{canPublish, publish}, {canSubscribe, listen}} {
		has := m.May(want.what)
		switch {
		case has && !want.may:
			taken = append(taken, want.what)
		case !has && want.may && slices.Contains(taken, want.what):
			taken = slices.DeleteFunc(taken, func(t string) bool { return t == want.what })
			gives = true
		default:
			continue
		}
		if permission == nil {
			permission = maps.Clone(m.Permission)
		}
		permission[want.what] = want.may
	}
	if permission == nil {
		return nil, nil, false
	}
	return permission, map[string]string{takenAttribute: strings.Join(taken, " ")}, gives
}

// grantPublish returns the permissions of m with that to publish.
func grantPublish(m room.Participant, attributes map[string]string) (map[string]any, map[string]string) {
	permission := maps.Clone(m.Permission)
	permission[canPublish] = true
	if attributes == nil {
		attributes = map[string]string{takenAttribute: ""}
	}
	return permission, attributes
}

// withdrawGrants takes the permissions that guards gave, when the last guard of the
// room is stopped.
func (r *roomGuard) withdrawGrants(ctx context.Context) {
	if !r.cfg.Grants || r.sight.anotherSees(time.Now()) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	for _, m := range r.members {
		if !m.May(canPublish) {
			continue
		}
		permission := maps.Clone(m.Permission)
		permission[canPublish] = false
		if err := r.api.Update(ctx, r.name, m.Identity, permission, nil); gone(err) != nil {
			r.log.Warn("a member keeps the permission to publish although no guard is left", "user", m.Identity, "err", err)
		}
	}
}
