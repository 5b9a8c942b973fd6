package devices

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/state/redis/devices"
)

const (
	// maxJoins bounds the boards that join at once, joinLife how long one may take. An
	// invitation may ask for somebody's approval, which takes longer than a machine.
	maxJoins, joinLife = 64, 30 * time.Minute
	maxHost            = 64
)

// joins are the boards that are joining.
type joins struct {
	mu  sync.Mutex
	all map[string]*join
}

func newJoins() *joins { return &joins{all: map[string]*join{}} }

// join is one board that is joining.
type join struct {
	channel *enroll.Channel
	began   time.Time

	mu         sync.Mutex
	invitation devices.Invitation
	keyID      string
	password   string
	committed  bool
}

// add makes a join known; full says that there are too many.
func (j *joins) add(id string, n *join) (full bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, old := range j.all {
		if n.began.Sub(old.began) > joinLife {
			delete(j.all, id)
		}
	}
	if len(j.all) >= maxJoins {
		return true
	}
	j.all[id] = n
	return false
}

func (j *joins) get(id string, now time.Time) *join {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := j.all[id]
	if n == nil || now.Sub(n.began) > joinLife {
		return nil
	}
	return n
}

// Begin answers POST of enroll.JoinPath. The attempt is counted before anything is
// answered: what is answered tells a guess from the code.
func (s *Server) Begin(w http.ResponseWriter, r *http.Request) {
	var start enroll.Start
	if s.limits.joins.RespondOnLimit(w, r, clientIP(r)) || !receive(w, r, &start) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	inv, err := s.cfg.Store.Attempt(ctx, start.ID, enroll.MaxTries)
	if err != nil {
		s.refuse(w, "a board cannot join", err)
		return
	}
	code, err := enroll.ParseCode(inv.Code)
	if err != nil {
		s.refuse(w, "a board cannot join", devices.ErrUsed)
		return
	}
	id := rand.Text()
	started, channel, err := enroll.Answer(code, start, id)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if s.joins.add(id, &join{channel: channel, began: time.Now(), invitation: inv}) {
		fail(w, http.StatusServiceUnavailable, "too many boards are joining: try again in half an hour, with a new code")
		return
	}
	s.log.Info("a board tries a code", "user", inv.UserID, "address", r.RemoteAddr, "attempt", inv.Tries)
	send(w, http.StatusOK, started)
}

// Step answers POST of enroll.JoinPath/{session}.
func (s *Server) Step(w http.ResponseWriter, r *http.Request) {
	var step enroll.Step
	if s.limits.tokens.RespondOnLimit(w, r, "step "+clientIP(r)) || !receive(w, r, &step) {
		return
	}
	j := s.joins.get(r.PathValue("session"), time.Now())
	if j == nil {
		fail(w, http.StatusNotFound, "the hub does not know this attempt any more, as after a restart: ask for a new code and join again")
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var request enroll.Request
	if !j.channel.Confirmed(step.Confirm) || j.channel.Open(step.Box, &request) != nil {
		fail(w, http.StatusForbidden, "the code is wrong: compare it with what the hub shows")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	reply, err := s.reply(ctx, j, request, clientIP(r))
	if err != nil {
		s.refuse(w, "a board cannot join", err)
		return
	}
	box, err := j.channel.Seal(reply)
	if err != nil {
		s.refuse(w, "a board cannot join", err)
		return
	}
	send(w, http.StatusOK, enroll.Stepped{Box: box})
}

// reply is what a board that knows the code is told. An error is for the log: Redis does
// not answer.
func (s *Server) reply(ctx context.Context, j *join, request enroll.Request, address string) (enroll.Reply, error) {
	refuse := func(err error) (enroll.Reply, error) {
		if why := reason(err); why != "" {
			return enroll.Reply{State: enroll.Refused, Reason: why}, nil
		}
		return enroll.Reply{}, err
	}
	key, err := j.channel.Key(request)
	if err != nil {
		return enroll.Reply{State: enroll.Refused, Reason: err.Error()}, nil //nolint:nilerr // the board is told
	}
	id := enroll.KeyID(key)
	if j.keyID == "" {
		j.keyID = id
	}
	inv := j.invitation
	hub, err := enroll.HubURL(request.Hub)
	switch {
	case j.keyID != id || err != nil:
		return enroll.Reply{State: enroll.Refused, Reason: "the board changed its mind about its key or its hub: join again"}, nil //nolint:nilerr // the board is told
	case j.committed:
		return enroll.Reply{State: enroll.Committed}, nil
	}
	if inv.Confirm {
		inv, err = s.cfg.Store.Apply(ctx, inv.ID, devices.Applicant{Host: printable(request.Host), Address: address, KeyID: id})
		switch {
		case err != nil:
			return refuse(err)
		case inv.Verdict == devices.Denied:
			return enroll.Reply{State: enroll.Refused, Reason: inv.DecidedBy + " denied it"}, nil
		case inv.Verdict != devices.Approved:
			return enroll.Reply{State: enroll.Pending}, nil
		}
	}
	if j.password == "" {
		j.password = rand.Text()
	}
	if !request.Commit {
		return enroll.Reply{State: enroll.Granted, Grant: s.grant(inv, j.password, hub)}, nil
	}
	hash := sha256.Sum256([]byte(j.password))
	d, err := s.cfg.Store.Enroll(ctx, inv.ID, devices.Device{
		UserID: inv.UserID, UserName: inv.UserName, Role: inv.Role, Channels: inv.Channels,
		Key: key, KeyID: id, Host: printable(request.Host), EnrolledBy: inv.By, PasswordHash: hex.EncodeToString(hash[:]),
	})
	if err != nil {
		return refuse(err)
	}
	j.committed = true
	s.log.Info("device enrolled", "user", d.UserID, "key", d.KeyID, "by", d.EnrolledBy, "address", address)
	return enroll.Reply{State: enroll.Committed}, nil
}

func (s *Server) grant(inv devices.Invitation, password, hub string) *enroll.Grant {
	site := s.cfg.Site
	d := devices.Device{UserID: inv.UserID}
	g := &enroll.Grant{
		UserID: inv.UserID, UserName: inv.UserName, Role: inv.Role, Channels: inv.Channels,
		Hub:      enroll.HubGrant{URL: hub, CA: site.HubCA},
		Redis:    enroll.RedisGrant{URL: site.redisURL(hub), Username: d.RedisUser(), Password: password, CA: site.RedisCA},
		FleetKey: site.FleetKey,
	}
	if site.HubURL != "" {
		g.Hub.URL = site.HubURL
	}
	return g
}

// reason is what a board is told of an error; empty is for the hub's log only.
func reason(err error) string {
	for _, known := range []error{devices.ErrUnknown, devices.ErrExpired, devices.ErrUsed, devices.ErrEnrolled, devices.ErrTries, devices.ErrUsers} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return ""
}

// refuse answers an error of Redis, or of a code that is not good.
func (s *Server) refuse(w http.ResponseWriter, what string, err error) {
	if why := reason(err); why != "" {
		fail(w, http.StatusForbidden, why)
		return
	}
	s.log.Error("a board is refused", "what", what, "err", err)
	fail(w, http.StatusServiceUnavailable, "Redis does not answer as it should: see the hub's log, then try again")
}

// printable is a text of a board for people.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	return text[:min(len(text), maxHost)]
}
