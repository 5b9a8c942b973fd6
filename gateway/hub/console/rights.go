package console

import (
	"context"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/state/redis"
)

// rightsWriter changes talk rights, publishes the change as the control plane does, and
// writes the audit log.
type rightsWriter interface {
	By(actor string) *redis.Client
}

// rightsTime bounds a change of talk rights.
const rightsTime = 2 * time.Second

// SetRights answers PUT and DELETE of a member's talk rights on a channel.
func (s *Console) SetRights(may bool) auth.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
		channel, user := r.PathValue("channel"), r.PathValue("user")
		switch {
		case !c.MayManage():
			respond.Error(w, http.StatusForbidden, "talk rights are given and taken by DISPATCH and ADMIN only")
			return
		case !auth.ValidName(user):
			respond.Error(w, http.StatusBadRequest, "the user's ID is empty, too long or not printable")
			return
		}
		change := s.state.By(c.UserID).RevokeRights
		if may {
			change = s.state.By(c.UserID).GrantRights
		}
		ctx, cancel := context.WithTimeout(r.Context(), rightsTime)
		defer cancel()
		if _, err := change(ctx, user, channel); err != nil {
			s.log.Error("talk rights could not be changed", "channel", channel, "user", user, "talk", may, "by", c.UserID, "err", err)
			w.Header().Set("Retry-After", "1")
			respond.Error(w, http.StatusServiceUnavailable, "Redis does not answer, the rights may not have changed: try again")
			return
		}
		s.log.Info("talk rights changed", "channel", channel, "user", user, "talk", may, "by", c.UserID)
		w.WriteHeader(http.StatusNoContent)
	}
}
