package devices

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// MaxInvitations bounds those that are open at once.
	MaxInvitations = 32
	// MaxLife is the longest that an invitation may be good for.
	MaxLife = 24 * time.Hour
	// usedKept is how long an invitation that was used or ended is remembered, so that
	// whoever uses it then hears why it is of no use.
	usedKept = time.Hour
)

// Invitation lets one board join.
type Invitation struct {
	ID string `json:"id"`
	// Code is its secret.
	Code     string   `json:"code"`
	UserID   string   `json:"userId"`
	UserName string   `json:"userName"`
	Role     string   `json:"role"`
	Channels []string `json:"channels"`
	// Confirm says that somebody has to approve the board.
	Confirm bool `json:"confirm"`
	// Replace says that the board takes the place of one with the same user.
	Replace bool      `json:"replace,omitempty"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Until   time.Time `json:"until"`
	// Tries is how often it was tried.
	Tries int  `json:"tries"`
	Used  bool `json:"used"`
	// Applicant is the board that asks for approval, if one does; Verdict what was
	// decided about it.
	Applicant *Applicant `json:"applicant,omitempty"`
	Verdict   Verdict    `json:"verdict,omitempty"`
	DecidedBy string     `json:"decidedBy,omitempty"`
}

// Applicant is a board that knows the code.
type Applicant struct {
	Host    string `json:"host"`
	Address string `json:"address"`
	KeyID   string `json:"keyId"`
}

// Verdict is what somebody decided about an applicant.
type Verdict string

// The verdicts; empty is none yet.
const (
	Approved Verdict = "approved"
	Denied   Verdict = "denied"
)

// Why a code is not good. Each says what to do.
var (
	ErrUnknown  = errors.New("no invitation has this code: compare it with what the hub shows, or ask for a new one")
	ErrExpired  = errors.New("the code has expired: ask for a new one")
	ErrUsed     = errors.New("the code was used already: each is good for one board; ask for a new one")
	ErrEnrolled = errors.New("another board was enrolled by this name meanwhile: have it revoked, or ask for an invitation in its place ('talkgate invite --replace')")
	ErrTries    = errors.New("the code was tried too often and is no longer good: ask for a new one")
)

// Invite stores an invitation, good for life. Its ID, code and what is granted are the
// caller's.
func (s *Store) Invite(ctx context.Context, inv Invitation, life time.Duration) (Invitation, error) {
	if err := CheckIDs(inv.UserID, inv.Channels); err != nil {
		return inv, err
	}
	if life <= 0 || life > MaxLife {
		return inv, fmt.Errorf("an invitation is good for up to %v, not %v", MaxLife, life)
	}
	now, err := s.now(ctx)
	if err != nil {
		return inv, err
	}
	inv.At, inv.Until = now, now.Add(life)
	err = s.change(ctx, func(tx *goredis.Tx) (func(goredis.Pipeliner), error) {
		var d Device
		if ok, err := read(ctx, tx, keyDevices, inv.UserID, &d); err != nil {
			return nil, err
		} else if ok && !d.Revoked() && !inv.Replace {
			return nil, fmt.Errorf("%s is enrolled already, since %s: revoke it first ('talkgate devices revoke %s'), or invite with --replace",
				inv.UserID, d.EnrolledAt.Format(time.DateOnly), inv.UserID)
		}
		known, err := all[Invitation](ctx, tx, keyInvites)
		if err != nil {
			return nil, err
		}
		var old []string
		for id, other := range known {
			if now.After(other.Until.Add(usedKept)) {
				old = append(old, id)
				delete(known, id)
			}
		}
		switch _, taken := known[inv.ID]; {
		case taken:
			return nil, errTaken
		case len(known) >= MaxInvitations:
			return nil, fmt.Errorf("there are %d invitations already: wait until some have ended", len(known))
		}
		return func(p goredis.Pipeliner) {
			if len(old) > 0 {
				p.HDel(ctx, keyInvites, old...)
			}
			put(ctx, p, keyInvites, inv.ID, inv)
			p.Expire(ctx, keyInvites, MaxLife+usedKept)
		}, nil
	}, keyInvites, keyDevices)
	if err == nil {
		s.note(inv.By, ActionInvited, inv.UserID, map[string]any{"channels": strings.Join(inv.Channels, " ")})
	}
	return inv, err
}

// errTaken says that another invitation has the ID.
var errTaken = errors.New("the code's ID is in use: make another")

// Taken reports whether Invite failed only because of the code's ID.
func Taken(err error) bool { return errors.Is(err, errTaken) }

// Invitations are those that are open, the oldest first.
func (s *Store) Invitations(ctx context.Context) ([]Invitation, error) {
	now, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	known, err := all[Invitation](ctx, s.rdb, keyInvites)
	if err != nil {
		return nil, err
	}
	var list []Invitation
	for _, inv := range known {
		if !inv.Used && now.Before(inv.Until) {
			list = append(list, inv)
		}
	}
	slices.SortFunc(list, func(a, b Invitation) int { return a.At.Compare(b.At) })
	return list, nil
}

// Attempt counts an attempt with a code and returns its invitation, while maxTries is not
// reached.
func (s *Store) Attempt(ctx context.Context, id string, maxTries int) (Invitation, error) {
	return s.update(ctx, id, func(inv *Invitation) error {
		if inv.Tries >= maxTries {
			return ErrTries
		}
		inv.Tries++
		return nil
	})
}

// Apply says who asks for approval, and returns what was decided.
func (s *Store) Apply(ctx context.Context, id string, a Applicant) (Invitation, error) {
	return s.update(ctx, id, func(inv *Invitation) error {
		if inv.Applicant == nil || inv.Applicant.KeyID != a.KeyID {
			inv.Applicant, inv.Verdict, inv.DecidedBy = &a, "", ""
		}
		return nil
	})
}

// Decide approves or denies the applicant for a user.
func (s *Store) Decide(ctx context.Context, userID string, v Verdict, by string) (Invitation, error) {
	open, err := s.Invitations(ctx)
	if err != nil {
		return Invitation{}, err
	}
	for _, inv := range open {
		if inv.UserID != userID || inv.Applicant == nil {
			continue
		}
		key := inv.Applicant.KeyID
		inv, err = s.update(ctx, inv.ID, func(inv *Invitation) error {
			if inv.Applicant == nil || inv.Applicant.KeyID != key {
				return errors.New("another board asks by now: look again")
			}
			inv.Verdict, inv.DecidedBy = v, by
			return nil
		})
		if err == nil {
			s.note(by, ActionDecided, userID, map[string]any{"verdict": string(v), "keyId": key})
		}
		return inv, err
	}
	return Invitation{}, fmt.Errorf("no board waits for approval as %q: 'talkgate devices' shows those that do", userID)
}

// Withdraw ends an invitation.
func (s *Store) Withdraw(ctx context.Context, id string) error {
	_, err := s.update(ctx, id, func(inv *Invitation) error { inv.Used = true; return nil })
	return err
}

// update changes an invitation that is still good.
func (s *Store) update(ctx context.Context, id string, f func(*Invitation) error) (inv Invitation, err error) {
	now, err := s.now(ctx)
	if err != nil {
		return inv, err
	}
	err = s.change(ctx, func(tx *goredis.Tx) (func(goredis.Pipeliner), error) {
		if inv, err = open(ctx, tx, id, now); err != nil {
			return nil, err
		}
		if err := f(&inv); err != nil {
			return nil, err
		}
		return func(p goredis.Pipeliner) { put(ctx, p, keyInvites, id, inv) }, nil
	}, keyInvites)
	return inv, err
}

// open reads an invitation and says why it is not good.
func open(ctx context.Context, from goredis.Cmdable, id string, now time.Time) (inv Invitation, err error) {
	ok, err := read(ctx, from, keyInvites, id, &inv)
	switch {
	case err != nil:
	case !ok:
		err = ErrUnknown
	case inv.Used:
		err = ErrUsed
	case now.After(inv.Until):
		err = ErrExpired
	}
	return inv, err
}

// Enroll puts a device in the place of its invitation: its Redis user and its talk rights
// first, which are of no use without the registry, then registry and invitation in one
// step. After an error nothing of it is left.
func (s *Store) Enroll(ctx context.Context, invitation string, d Device) (Device, error) {
	now, err := s.now(ctx)
	if err != nil {
		return d, err
	}
	d.EnrolledAt = now
	inv, err := open(ctx, s.rdb, invitation, now)
	if err != nil {
		return d, err
	}
	if err := CheckIDs(d.UserID, d.Channels); err != nil {
		return d, err
	}
	if old, err := s.Device(ctx, d.UserID); err == nil && !old.Revoked() && !inv.Replace {
		return d, ErrEnrolled
	}
	before, err := s.client.ReadRights(ctx, d.UserID)
	if err != nil {
		return d, err
	}
	if err := s.SetUser(ctx, d); err != nil {
		return d, err
	}
	undo := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if old, err := s.Device(ctx, d.UserID); err == nil && !old.Revoked() {
			_ = s.SetUser(ctx, old) // it goes on as before
		} else {
			_ = s.deleteUser(ctx, d)
		}
		_, _ = s.client.SetRights(ctx, d.UserID, before.Channels...)
	}
	if _, err := s.client.By(inv.By).GrantRights(ctx, d.UserID, d.Channels...); err != nil {
		undo()
		return d, err
	}
	err = s.change(ctx, func(tx *goredis.Tx) (func(goredis.Pipeliner), error) {
		inv, err := open(ctx, tx, invitation, now)
		if err != nil {
			return nil, err
		}
		known, err := all[Device](ctx, tx, keyDevices)
		if err != nil {
			return nil, err
		}
		if old, ok := known[d.UserID]; ok && !old.Revoked() && !inv.Replace {
			return nil, ErrEnrolled
		} else if !ok && len(known) >= MaxDevices {
			return nil, fmt.Errorf("there are %d devices: forget those that were revoked ('talkgate devices forget')", len(known))
		}
		inv.Used, inv.Code = true, ""
		return func(p goredis.Pipeliner) {
			put(ctx, p, keyInvites, invitation, inv)
			put(ctx, p, keyDevices, d.UserID, d)
		}, nil
	}, keyInvites, keyDevices)
	if err != nil {
		undo()
		return d, err
	}
	s.note(inv.By, ActionEnrolled, d.UserID, map[string]any{"keyId": d.KeyID, "host": d.Host})
	_ = s.rdb.Publish(ctx, topicChanged, d.UserID).Err() // the list is read every few seconds anyhow
	return d, nil
}
