package hub

import (
	"net/http"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/respond"
)

// Rooms is a LiveKit on which the hub's channels are. The page then talks and
// listens there; the hub only keeps the floor for it.
type Rooms struct {
	// URL is that of LiveKit's server as a browser reaches it, ws:// or wss://.
	URL string
	// Token makes a member's token for the room of a channel.
	Token func(channel, userID, userName string) (string, error)
}

// room answers GET /api/channels/{channel}/room.
func (h *Hub) room(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	if h.cfg.Rooms == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	token, err := h.cfg.Rooms.Token(r.PathValue("channel"), c.UserID, c.UserName)
	if err != nil {
		h.log.Error("no token for a LiveKit room", "user", c.UserID, "err", err)
		respond.Error(w, http.StatusInternalServerError, "no token for the room: the hub's log says why")
		return
	}
	respond.JSON(w, http.StatusOK, struct {
		URL   string `json:"url"`
		Token string `json:"token"`
	}{h.cfg.Rooms.URL, token})
}

// roomURL is where the page may connect besides the hub, "" for nowhere.
func (h *Hub) roomURL() string {
	if h.cfg.Rooms == nil {
		return ""
	}
	return h.cfg.Rooms.URL
}
