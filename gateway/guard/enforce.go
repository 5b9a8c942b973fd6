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
	// penaltyAttribute is set while a member may not publish because it sent without
	// the floor. It tells the other guards, and this one after a restart.
	penaltyAttribute = "talkgate.penalty"
	canPublish       = "can_publish"
	canSubscribe     = "can_subscribe"
	// inFlight is how long packets that were sent before a measure may still come.
	inFlight = 50 * time.Millisecond
	// readTimeout bounds the reading of the floor before a measure.
	readTimeout = 300 * time.Millisecond
)

// call runs do beside everything else; one call about a session at a time.
func (r *roomGuard) call(who, session string, do func(ctx context.Context) outcome) {
	r.busy[session] = true
	r.calls.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), apiTimeout)
		defer cancel()
		o := do(ctx)
		o.who, o.session = who, session
		r.outcomes <- o
	})
}

func (r *roomGuard) onOutcome(ctx context.Context, o outcome) {
	delete(r.busy, o.session)
	if o.err != nil {
		if ctx.Err() == nil {
			r.log.Warn("a member could not be stopped; tried again", "user", o.who, "err", o.err)
		}
		return
	}
	if o.penalty != nil {
		r.penalties[o.who] = o.penalty
	}
	// A list that was asked for before this is out of date for the session.
	if o.removed || o.permission != nil {
		o.at = time.Now()
		r.settled[o.session] = o
		r.members = o.apply(r.members)
	}
	r.list(ctx)
}

// apply puts the outcome into what was listed before it.
func (o outcome) apply(members []room.Participant) []room.Participant {
	for i := range members {
		if m := &members[i]; m.SID == o.session && !o.removed {
			m.Permission, m.Attributes = o.permission, o.attributes
		}
	}
	return slices.DeleteFunc(members, func(m room.Participant) bool { return m.SID == o.session && o.removed })
}

// onOffence stops a member that has sent too much without the floor.
func (r *roomGuard) onOffence(who string) {
	now := time.Now()
	knows, others := r.view.known(now), r.view.knownToAnother(now)
	if !knows && others {
		return
	}
	member, ok := r.sender(who)
	if !ok || r.busy[member.SID] {
		return
	}
	current := r.penalties[who]
	may, known := r.may[who]
	permission, attributes, _ := adjust(r.participant(member), false, may || !known, false)
	if permission != nil {
		attributes[penaltyAttribute] = "sent without the floor"
	}
	r.call(who, member.SID, func(ctx context.Context) outcome {
		// The news of a grant may be late, but a reading is not.
		if knows {
			knows = r.readFloor(ctx)
		}
		if r.meter.holds(who, time.Now()) || (!knows && others) {
			return outcome{}
		}
		next := current.next(time.Now(), member.SID, !knows)
		o := outcome{penalty: next}
		switch next.measure {
		case muted:
			o.err = r.mute(ctx, member)
		case unpublished:
			o.permission, o.attributes = permission, attributes
			o.err = r.unpublish(ctx, who, permission, attributes)
		default:
			o.removed = true
			o.err = r.remove(ctx, who)
		}
		r.meter.restrict(who, time.Now().Add(inFlight))
		return o
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

// mute mutes what a member publishes.
func (r *roomGuard) mute(ctx context.Context, m room.Member) error {
	for _, track := range m.Tracks {
		if slices.Contains(m.Muted, track) {
			continue
		}
		if err := gone(r.api.Mute(ctx, r.name, m.Identity, track)); err != nil {
			return err
		}
		r.mutes.Add(1)
		r.log.Warn("muted: it sends without the floor", "user", m.Identity)
	}
	return nil
}

// unpublish takes the permission to publish, and with it what is published. A nil
// permission is taken already.
func (r *roomGuard) unpublish(ctx context.Context, who string, permission map[string]any, attributes map[string]string) error {
	if permission == nil {
		return nil
	}
	if err := gone(r.api.Update(ctx, r.name, who, permission, attributes)); err != nil {
		return err
	}
	r.barred.Add(1)
	r.log.Warn("may not publish for a while: it sends without the floor although it was muted", "user", who, "for", penaltyTime)
	return nil
}

// remove ends the session of a member. LiveKit does not answer if the session ended
// meanwhile.
func (r *roomGuard) remove(ctx context.Context, who string) error {
	if err := gone(r.api.Remove(ctx, r.name, who)); err != nil {
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

// tracksOfOthers returns the IDs of what everybody but a member publishes.
func (r *roomGuard) tracksOfOthers(who string) (tracks []string) {
	for _, m := range r.session.Members() {
		if m.Identity != who {
			tracks = append(tracks, m.Tracks...)
		}
	}
	return tracks
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

func (r *roomGuard) settleAll() {
	for i := range r.members {
		r.settle(r.members[i])
	}
}

// refuse ends the sessions of members that are refused.
func (r *roomGuard) refuse() {
	for _, m := range r.session.Members() {
		r.isRefused(m.Identity, m.SID)
	}
}

// isRefused reports whether a session is refused, and ends it then.
func (r *roomGuard) isRefused(who, session string) bool {
	if r.penalties[who].inSession(time.Now(), session) != removed {
		return false
	}
	if !r.busy[session] && !r.settled[session].removed {
		next := *r.penalties[who]
		next.measure = removed
		r.call(who, session, func(ctx context.Context) outcome {
			return outcome{err: r.remove(ctx, who), penalty: &next, removed: true}
		})
	}
	return true
}

// settle gives a member the permissions that its rights and its penalty leave it.
func (r *roomGuard) settle(m room.Participant) {
	who := m.Identity
	may, known := r.may[who]
	if r.isRefused(who, m.SID) || r.busy[m.SID] || !known {
		return
	}
	publish := may && r.penalties[who].inSession(time.Now(), m.SID) != unpublished
	permission, attributes, gives := adjust(m, publish, may, r.cfg.Grants)
	if permission == nil {
		return
	}
	r.call(who, m.SID, func(ctx context.Context) outcome {
		if err := gone(r.api.Update(ctx, r.name, who, permission, attributes)); err != nil {
			return outcome{err: fmt.Errorf("change permissions: %w", err)}
		}
		// LiveKit ends subscriptions with the permission, but does not begin them.
		if tracks := r.tracksOfOthers(who); permission[canSubscribe] == true && !m.May(canSubscribe) && len(tracks) > 0 {
			if err := gone(r.api.Subscribe(ctx, r.name, who, tracks)); err != nil {
				return outcome{err: fmt.Errorf("subscribe again: %w", err)}
			}
		}
		if gives {
			r.log.Info("may talk and listen by its talk rights", "user", who)
		} else {
			r.barred.Add(1)
			r.log.Warn("may neither talk nor listen: it has no talk rights", "user", who)
		}
		return outcome{permission: permission, attributes: attributes}
	})
}

// adjust returns the permissions of a member who may publish and listen or not, and
// the attribute that says what was taken. It returns nil if they are right already.
// grants has the permission to publish be given although it was not taken. gives
// reports whether something is given.
func adjust(m room.Participant, publish, listen, grants bool) (permission map[string]any, attributes map[string]string, gives bool) {
	taken := strings.Fields(m.Attributes[takenAttribute])
	for _, want := range []struct {
		what string
		may  bool
	}{{canPublish, publish}, {canSubscribe, listen}} {
		has := m.May(want.what)
		switch {
		case has && !want.may:
			taken = append(taken, want.what)
		case !has && want.may && (slices.Contains(taken, want.what) || grants && want.what == canPublish):
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
	attributes = map[string]string{takenAttribute: strings.Join(taken, " ")}
	if publish {
		attributes[penaltyAttribute] = ""
	}
	return permission, attributes, gives
}

// share reads the penalties that other guards gave or ended.
func (r *roomGuard) share(now time.Time) {
	for _, m := range r.members {
		p, penalized := r.penalties[m.Identity], m.Attributes[penaltyAttribute] != ""
		switch {
		case r.busy[m.SID]:
		case penalized && p.at(now) < unpublished:
			r.penalties[m.Identity] = &penalty{measure: unpublished, until: now.Add(penaltyTime), session: m.SID}
		case !penalized && p.at(now) == unpublished && p.session == m.SID && m.May(canPublish):
			delete(r.penalties, m.Identity)
		}
	}
}

// withdrawGrants takes the permissions that guards gave, when the last guard of the
// room is stopped.
func (r *roomGuard) withdrawGrants(ctx context.Context) {
	if !r.cfg.Grants || r.view.knownToAnother(time.Now()) {
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
		if err := gone(r.api.Update(ctx, r.name, m.Identity, permission, nil)); err != nil {
			r.log.Warn("a member keeps the permission to publish although no guard is left", "user", m.Identity, "err", err)
		}
	}
}
