package hub

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/devices"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	store "github.com/talkgate/talkgate/state/redis/devices"
)

// Boards is how boards join a site, and keep their tokens.
type Boards struct {
	Store *store.Store
	Site  devices.Site
	// TokenLife is that of their access tokens; zero is devices.DefaultLife.
	TokenLife time.Duration
}

// newDevices is the hub's side of enrollment. Tokens of a device that is revoked are good
// for nothing from then on, and its sessions end.
func (h *Hub) newDevices(b Boards) *devices.Server {
	return devices.New(devices.Config{
		Store: b.Store, Secret: h.cfg.Secret, Sign: h.deviceToken, Site: b.Site, Life: b.TokenLife,
		Revoked: h.sessions.EndUser, Logger: h.log,
	})
}

// deviceToken is an access token of a device. It manages nothing, whatever its role.
func (h *Hub) deviceToken(d store.Device, life time.Duration) (string, error) {
	now := time.Now()
	c := auth.Claims{UserID: d.UserID, UserName: d.UserName, Role: d.Role, ChannelIDs: d.Channels, DeviceKey: d.KeyID}
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(life))
	return c.Sign(h.cfg.Secret)
}

// boardRoutes are those of boards that join or want a token, and of those who let them.
func (h *Hub) boardRoutes(mux *http.ServeMux) {
	d := h.devices
	mux.HandleFunc("POST "+enroll.JoinPath, d.Begin)
	mux.HandleFunc("POST "+enroll.JoinPath+"/{session}", d.Step)
	mux.HandleFunc("GET "+enroll.TokenPath, d.Challenge)
	mux.HandleFunc("POST "+enroll.TokenPath, d.Token)
	manage := func(pattern string, f func(http.ResponseWriter, *http.Request, devices.By)) {
		mux.Handle(pattern, h.access.Manager(func(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
			f(w, r, devices.By{UserID: c.UserID, May: func(channels []string) bool {
				return len(channels) > 0 && !slices.ContainsFunc(channels, func(ch string) bool { return !c.MayJoin(ch) })
			}})
		}))
	}
	manage("GET /api/devices", d.List)
	manage("DELETE /api/devices/{user}", d.Revoke)
	manage("PUT /api/devices/{user}/approval", d.Decide(store.Approved))
	manage("DELETE /api/devices/{user}/approval", d.Decide(store.Denied))
	manage("POST /api/invitations", d.Invite)
	mux.HandleFunc("OPTIONS /api/invitations", respond.Preflight("OPTIONS, POST"))
}

// checkDevice says why a token of a device is not good.
func (h *Hub) checkDevice(userID, keyID string) error {
	if h.devices == nil {
		return fmt.Errorf("this hub enrolls no boards: %s has to get its token from the one that did", userID)
	}
	return h.devices.Check(userID, keyID)
}
