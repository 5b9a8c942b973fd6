package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// rightsWriter changes talk rights as the control plane does, tells everybody, and
// writes down who did it.
type rightsWriter interface {
	By(actor string) *redis.Client
}

// rightsTime bounds a change of talk rights.
const rightsTime = 2 * time.Second

// setRights answers PUT and DELETE of a member's talk rights on a channel.
func (s *console) setRights(may bool) authorized {
	return func(w http.ResponseWriter, r *http.Request, c *Claims) {
		channel, user := r.PathValue("channel"), r.PathValue("user")
		switch {
		case !c.mayManage():
			writeError(w, http.StatusForbidden, "talk rights are given and taken by DISPATCH and ADMIN only")
			return
		case !validName(user):
			writeError(w, http.StatusBadRequest, "the user's ID is empty, too long or not printable")
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
			writeError(w, http.StatusServiceUnavailable, "Redis does not answer, the rights may not have changed: try again")
			return
		}
		s.log.Info("talk rights changed", "channel", channel, "user", user, "talk", may, "by", c.UserID)
		w.WriteHeader(http.StatusNoContent)
	}
}
