package hub

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/gateway/hub/web"
	"github.com/talkgate/talkgate/gateway/hub/whip"
)

const (
	readTime       = 10 * time.Second
	headerTime     = 5 * time.Second
	idleTime       = time.Minute
	maxHeaderBytes = 16 << 10
)

// newServer is an HTTP server that no slow client wears out. Event streams
// extend the time to write themselves.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      readTime + whip.AnswerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func (h *Hub) routes() http.Handler {
	mux := http.NewServeMux()
	api := func(pattern string, f auth.Handler) { mux.Handle(pattern, h.access.Member(f)) }
	const endpointMethods, sessionMethods = "OPTIONS, POST", "DELETE, OPTIONS, PATCH"
	for kind, open := range map[string]auth.Handler{whip.KindWHIP: h.sessions.Publish, whip.KindWHEP: h.sessions.Listen} {
		endpoint, session := "/"+kind+"/{channel}", "/"+kind+"/{channel}/{session}"
		api("POST "+endpoint, open)
		api("PATCH "+session, h.sessions.Patch(kind))
		api("DELETE "+session, h.sessions.End(kind))
		mux.Handle("OPTIONS "+endpoint, h.options(endpointMethods))
		mux.HandleFunc("OPTIONS "+session, respond.Preflight(sessionMethods))
		mux.HandleFunc(endpoint, respond.RefuseMethod(endpointMethods, "POST an SDP offer"))
		mux.HandleFunc(endpoint+"/{$}", func(w http.ResponseWriter, _ *http.Request) {
			respond.Error(w, http.StatusNotFound, "there is no slash at the end of an endpoint: leave it out")
		})
		mux.HandleFunc(session, respond.RefuseMethod(sessionMethods, "DELETE ends the session, PATCH is for trickle ICE and ICE restarts"))
	}
	for _, kind := range []string{whip.KindWHIP, whip.KindWHEP} {
		session := "/echo/" + kind + "/{channel}/{session}"
		mux.Handle("POST /echo/"+kind+"/{channel}", h.access.Bearer(h.sessions.Echo(kind)))
		mux.Handle("PATCH "+session, h.access.Bearer(h.sessions.Patch("echo/"+kind)))
		mux.Handle("DELETE "+session, h.access.Bearer(h.sessions.End("echo/"+kind)))
	}
	const floor, emergency, rights = "/api/channels/{channel}/floor", "/api/channels/{channel}/emergency", "/api/channels/{channel}/members/{user}/rights"
	api("PUT "+floor, h.requestFloor(false))
	api("DELETE "+floor, h.yieldFloor)
	api("PUT "+emergency, h.requestFloor(true))
	api("DELETE "+emergency, h.yieldFloor)
	api("GET /api/channels/{channel}/events", h.events)
	api("GET /api/channels/{channel}/room", h.room)
	api("PUT "+rights, h.console.SetRights(true))
	api("DELETE "+rights, h.console.SetRights(false))
	const past = "/api/channels/{channel}/recall"
	api("GET "+past, h.past.ListRecall)
	api("GET "+past+"/{spurt}", h.past.PlayRecall)
	api("GET "+past+"/export", h.past.ExportRecall)
	api("PUT "+past, h.past.SwitchRecall(true))
	api("DELETE "+past, h.past.SwitchRecall(false))
	mux.Handle("GET /api/fleet/events", h.access.Manager(h.console.FleetEvents))
	mux.Handle("POST /api/events/{event}/pause", h.access.Manager(h.console.PauseEvent))
	mux.Handle("POST /api/gateways/{gateway}/parrot", h.access.Manager(h.console.Parrot))
	mux.Handle("POST /api/emergencies/acknowledge", h.access.Manager(h.emergencies.Answer))
	mux.HandleFunc("OPTIONS /api/emergencies/", respond.Preflight("OPTIONS, POST"))
	mux.Handle("GET /api/audit", h.access.Manager(h.console.Audit))
	if h.devices != nil {
		h.boardRoutes(mux)
	}
	mux.HandleFunc("OPTIONS /api/", respond.Preflight("DELETE, GET, OPTIONS, PUT"))
	mux.HandleFunc("OPTIONS /api/events/", respond.Preflight("OPTIONS, POST"))
	mux.HandleFunc("OPTIONS /api/gateways/", respond.Preflight("OPTIONS, POST"))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		respond.Error(w, http.StatusNotFound, "there is no such resource, or not by this method: see docs/http-api.md")
	})
	mux.HandleFunc("GET /healthz", h.health)
	mux.Handle("GET /metrics", respond.OwnHost(h.cfg.Metrics))
	mux.Handle("/", web.Handler(h.roomURL()))
	return h.counts.countRequests(h.whileUp(respond.Secure(mux)))
}

// whileUp ends requests with the hub, event streams too.
func (h *Hub) whileUp(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(h.ctx, cancel)()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// options answers OPTIONS of an endpoint. A member is told of the relay, so that
// its first offer can use it.
func (h *Hub) options(methods string) http.Handler {
	answer := respond.Preflight(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := h.access.Verify(r); err == nil && c.MayJoin(r.PathValue("channel")) {
			h.sessions.LinkTURN(w, c.UserID)
		}
		answer(w, r)
	})
}
