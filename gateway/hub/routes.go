package hub

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkgate/talkgate/gateway/hub/web"
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
		WriteTimeout:      readTime + answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func (h *Hub) routes() http.Handler {
	mux := http.NewServeMux()
	api := func(pattern string, f authorized) { mux.Handle(pattern, h.access.member(f)) }
	const endpointMethods, sessionMethods = "OPTIONS, POST", "DELETE, OPTIONS, PATCH"
	for kind, open := range map[string]authorized{kindWHIP: h.sessions.publish, kindWHEP: h.sessions.listen} {
		endpoint, session := "/"+kind+"/{channel}", "/"+kind+"/{channel}/{session}"
		api("POST "+endpoint, open)
		api("PATCH "+session, h.sessions.patch(kind))
		api("DELETE "+session, h.sessions.end(kind))
		mux.Handle("OPTIONS "+endpoint, h.options(endpointMethods))
		mux.HandleFunc("OPTIONS "+session, preflight(sessionMethods))
		mux.HandleFunc(endpoint, refuseMethod(endpointMethods, "POST an SDP offer"))
		mux.HandleFunc(endpoint+"/{$}", func(w http.ResponseWriter, _ *http.Request) {
			writeError(w, http.StatusNotFound, "there is no slash at the end of an endpoint: leave it out")
		})
		mux.HandleFunc(session, refuseMethod(sessionMethods, "DELETE ends the session, PATCH is for trickle ICE and ICE restarts"))
	}
	for _, kind := range []string{kindWHIP, kindWHEP} {
		session := "/echo/" + kind + "/{channel}/{session}"
		mux.Handle("POST /echo/"+kind+"/{channel}", h.access.bearer(h.sessions.echo(kind)))
		mux.Handle("PATCH "+session, h.access.bearer(h.sessions.patch("echo/"+kind)))
		mux.Handle("DELETE "+session, h.access.bearer(h.sessions.end("echo/"+kind)))
	}
	const floor, emergency, rights = "/api/channels/{channel}/floor", "/api/channels/{channel}/emergency", "/api/channels/{channel}/members/{user}/rights"
	api("PUT "+floor, h.requestFloor(false))
	api("DELETE "+floor, h.yieldFloor)
	api("PUT "+emergency, h.requestFloor(true))
	api("DELETE "+emergency, h.yieldFloor)
	api("GET /api/channels/{channel}/events", h.events)
	api("GET /api/channels/{channel}/room", h.room)
	api("PUT "+rights, h.console.setRights(true))
	api("DELETE "+rights, h.console.setRights(false))
	const past = "/api/channels/{channel}/recall"
	api("GET "+past, h.past.listRecall)
	api("GET "+past+"/{spurt}", h.past.playRecall)
	api("GET "+past+"/export", h.past.exportRecall)
	api("PUT "+past, h.past.switchRecall(true))
	api("DELETE "+past, h.past.switchRecall(false))
	mux.Handle("GET /api/fleet/events", h.access.manager(h.console.fleetEvents))
	mux.Handle("POST /api/events/{event}/pause", h.access.manager(h.console.pauseEvent))
	mux.Handle("POST /api/gateways/{gateway}/parrot", h.access.manager(h.console.parrot))
	mux.Handle("POST /api/emergencies/acknowledge", h.access.manager(h.emergencies.answer))
	mux.HandleFunc("OPTIONS /api/emergencies/", preflight("OPTIONS, POST"))
	mux.Handle("GET /api/audit", h.access.manager(h.console.audit))
	mux.HandleFunc("OPTIONS /api/", preflight("DELETE, GET, OPTIONS, PUT"))
	mux.HandleFunc("OPTIONS /api/events/", preflight("OPTIONS, POST"))
	mux.HandleFunc("OPTIONS /api/gateways/", preflight("OPTIONS, POST"))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "there is no such resource, or not by this method: see docs/http-api.md")
	})
	mux.HandleFunc("GET /healthz", h.health)
	mux.Handle("GET /metrics", ownHost(promhttp.HandlerFor(h.cfg.Metrics, promhttp.HandlerOpts{})))
	mux.Handle("/", web.Handler(h.roomURL()))
	return h.metrics.count(h.whileUp(secure(mux)))
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
	answer := preflight(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := h.access.verify(r); err == nil && c.MayJoin(r.PathValue("channel")) {
			h.sessions.linkTURN(w, c.UserID)
		}
		answer(w, r)
	})
}
