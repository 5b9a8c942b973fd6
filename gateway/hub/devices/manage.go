package devices

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/skip2/go-qrcode"

	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/state/redis/devices"
)

const (
	// defaultInvitation is how long an invitation is good for unless it says so.
	defaultInvitation = 10 * time.Minute
	maxNames          = 64
)

// Invite makes an invitation with a new code.
func Invite(ctx context.Context, store *devices.Store, inv devices.Invitation, life time.Duration) (devices.Invitation, enroll.Code, error) {
	if inv.UserName == "" {
		inv.UserName = inv.UserID
	}
	if len(inv.UserName) > maxNames {
		return inv, "", fmt.Errorf("the name is longer than %d bytes", maxNames)
	}
	switch inv.Role {
	case "":
		inv.Role = "GENERAL"
	case "USER", "GENERAL", "DISPATCH": // an enrolled board administers nothing
	default:
		return inv, "", errors.New("role: expected USER, GENERAL or DISPATCH")
	}
	for {
		code := enroll.NewCode()
		inv.ID, inv.Code = code.ID(), string(code)
		stored, err := store.Invite(ctx, inv, life)
		if !devices.Taken(err) {
			return stored, code, err
		}
	}
}

// View is a device as people and scripts are shown it.
type View struct {
	UserID     string    `json:"userId"`
	UserName   string    `json:"userName"`
	Role       string    `json:"role"`
	Channels   []string  `json:"channels"`
	KeyID      string    `json:"keyId"`
	Host       string    `json:"host,omitempty"`
	EnrolledAt time.Time `json:"enrolledAt"`
	EnrolledBy string    `json:"enrolledBy"`
	RevokedAt  time.Time `json:"revokedAt,omitzero"`
	RevokedBy  string    `json:"revokedBy,omitempty"`
}

// ViewOf leaves out the key itself, and what is Redis' own.
func ViewOf(d devices.Device) View {
	return View{d.UserID, d.UserName, d.Role, d.Channels, d.KeyID, d.Host, d.EnrolledAt, d.EnrolledBy, d.RevokedAt, d.RevokedBy}
}

// invitationJSON is an invitation for the console. Code, URI and QR are told once, to who
// made it.
type invitationJSON struct {
	ID        string             `json:"id"`
	Code      string             `json:"code,omitempty"`
	URI       string             `json:"uri,omitempty"`
	QR        []string           `json:"qr,omitempty"` // the URI's QR code, a row each, dark is 1
	UserID    string             `json:"userId"`
	UserName  string             `json:"userName"`
	Channels  []string           `json:"channels"`
	Role      string             `json:"role"`
	Confirm   bool               `json:"confirm"`
	Until     time.Time          `json:"until"`
	Applicant *devices.Applicant `json:"applicant,omitempty"`
	Verdict   devices.Verdict    `json:"verdict,omitempty"`
}

func newInvitationJSON(inv devices.Invitation) invitationJSON {
	return invitationJSON{ID: inv.ID, UserID: inv.UserID, UserName: inv.UserName, Channels: inv.Channels, Role: inv.Role,
		Confirm: inv.Confirm, Until: inv.Until, Applicant: inv.Applicant, Verdict: inv.Verdict}
}

// By is who asks, and which channels that may be about.
type By struct {
	UserID string
	// May says whether all channels of a device or an invitation are the asker's.
	May func(channels []string) bool
}

// List answers GET /api/devices: devices and open invitations.
func (s *Server) List(w http.ResponseWriter, r *http.Request, by By) {
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	all, err := s.cfg.Store.Devices(ctx)
	invited, err2 := s.cfg.Store.Invitations(ctx)
	if err := errors.Join(err, err2); err != nil {
		s.refuse(w, "devices cannot be listed", err)
		return
	}
	answer := struct {
		Devices     []View           `json:"devices"`
		Invitations []invitationJSON `json:"invitations"`
	}{[]View{}, []invitationJSON{}}
	for _, d := range all {
		if by.May(d.Channels) {
			answer.Devices = append(answer.Devices, ViewOf(d))
		}
	}
	for _, inv := range invited {
		if by.May(inv.Channels) {
			answer.Invitations = append(answer.Invitations, newInvitationJSON(inv))
		}
	}
	send(w, http.StatusOK, answer)
}

// Revoke answers DELETE /api/devices/{user}.
func (s *Server) Revoke(w http.ResponseWriter, r *http.Request, by By) {
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	user := r.PathValue("user")
	d, err := s.cfg.Store.Device(ctx, user)
	switch {
	case errors.Is(err, devices.ErrNoDevice):
		fail(w, http.StatusNotFound, "no such device")
		return
	case err != nil:
		s.refuse(w, "a device cannot be revoked", err)
		return
	case !by.May(d.Channels):
		fail(w, http.StatusForbidden, "the token is not for all channels of this device")
		return
	}
	if err := s.cfg.Store.Revoke(ctx, user, by.UserID); err != nil {
		s.log.Error("a device was not revoked wholly", "user", user, "err", err)
		fail(w, http.StatusBadGateway, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Invite answers POST /api/invitations.
func (s *Server) Invite(w http.ResponseWriter, r *http.Request, by By) {
	var asked struct {
		UserID   string   `json:"userId"`
		UserName string   `json:"userName"`
		Channels []string `json:"channels"`
		Role     string   `json:"role"`
		Confirm  bool     `json:"confirm"`
		Replace  bool     `json:"replace"`
		Seconds  int      `json:"seconds"` // how long it is good for
	}
	if !receive(w, r, &asked) {
		return
	}
	if !by.May(asked.Channels) {
		fail(w, http.StatusForbidden, "the token is not for all of these channels")
		return
	}
	life := defaultInvitation
	if asked.Seconds != 0 {
		life = time.Duration(min(max(asked.Seconds, 1), int(devices.MaxLife.Seconds()))) * time.Second
	}
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	inv, code, err := Invite(ctx, s.cfg.Store, devices.Invitation{UserID: asked.UserID, UserName: printable(asked.UserName), Channels: asked.Channels,
		Role: asked.Role, Confirm: asked.Confirm, Replace: asked.Replace, By: by.UserID}, life)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	answer := newInvitationJSON(inv)
	answer.Code, answer.URI = code.Secret(), code.URI(s.cfg.Site.HubURL)
	answer.QR = qrRows(answer.URI)
	send(w, http.StatusCreated, answer)
}

// qrRows is the QR code of a text, with its margin.
func qrRows(text string) (rows []string) {
	qr, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil // it is too long; the code itself is told anyhow
	}
	for _, bits := range qr.Bitmap() {
		row := make([]byte, len(bits))
		for i, dark := range bits {
			row[i] = '0'
			if dark {
				row[i] = '1'
			}
		}
		rows = append(rows, string(row))
	}
	return rows
}

// Decide answers PUT and DELETE /api/devices/{user}/approval.
func (s *Server) Decide(v devices.Verdict) func(w http.ResponseWriter, r *http.Request, by By) {
	return func(w http.ResponseWriter, r *http.Request, by By) {
		ctx, cancel := context.WithTimeout(r.Context(), stateTime)
		defer cancel()
		user := r.PathValue("user")
		open, err := s.cfg.Store.Invitations(ctx)
		if err != nil {
			s.refuse(w, "a board cannot be approved", err)
			return
		}
		for _, inv := range open {
			if inv.UserID == user && !by.May(inv.Channels) {
				fail(w, http.StatusForbidden, "the token is not for all channels of this device")
				return
			}
		}
		inv, err := s.cfg.Store.Decide(ctx, user, v, by.UserID)
		if err != nil {
			fail(w, http.StatusConflict, err.Error())
			return
		}
		send(w, http.StatusOK, newInvitationJSON(inv))
	}
}
