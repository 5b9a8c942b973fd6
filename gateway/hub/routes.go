package hub

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/go-chi/httprate"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkgate/talkgate/gateway/hub/web"
)

const (
	// maxName bounds IDs of channels and users, bytes.
	maxName = 128
	// What one user may ask for, and how often one address may be refused.
	requestsPerSecond = 50
	refusalsPerMinute = 120

	readTime       = 10 * time.Second
	headerTime     = 5 * time.Second
	idleTime       = time.Minute
	maxHeaderBytes = 16 << 10
)

// authorized answers a request of a bearer whose claims have been checked.
type authorized func(w http.ResponseWriter, r *http.Request, c *Claims)

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
	limits := newLimits()
	api := func(pattern string, f authorized) { mux.Handle(pattern, h.authorize(limits, f)) }
	const endpointMethods, sessionMethods = "OPTIONS, POST", "DELETE, OPTIONS, PATCH"
	for kind, open := range map[string]authorized{kindWHIP: h.publish, kindWHEP: h.listen} {
		endpoint, session := "/"+kind+"/{channel}", "/"+kind+"/{channel}/{session}"
		api("POST "+endpoint, open)
		api("PATCH "+session, h.patch(kind))
		api("DELETE "+session, h.end(kind))
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
		mux.Handle("POST /echo/"+kind+"/{channel}", h.bearer(limits, h.echo(kind)))
		mux.Handle("PATCH "+session, h.bearer(limits, h.patch("echo/"+kind)))
		mux.Handle("DELETE "+session, h.bearer(limits, h.end("echo/"+kind)))
	}
	const floor, emergency, rights = "/api/channels/{channel}/floor", "/api/channels/{channel}/emergency", "/api/channels/{channel}/members/{user}/rights"
	api("PUT "+floor, h.requestFloor(false))
	api("DELETE "+floor, h.yieldFloor)
	api("PUT "+emergency, h.requestFloor(true))
	api("DELETE "+emergency, h.yieldFloor)
	api("GET /api/channels/{channel}/events", h.events)
	api("GET /api/channels/{channel}/room", h.room)
	api("PUT "+rights, h.setRights(true))
	api("DELETE "+rights, h.setRights(false))
	const past = "/api/channels/{channel}/recall"
	api("GET "+past, h.listRecall)
	api("GET "+past+"/{spurt}", h.playRecall)
	api("GET "+past+"/export", h.exportRecall)
	api("PUT "+past, h.switchRecall(true))
	api("DELETE "+past, h.switchRecall(false))
	mux.Handle("GET /api/fleet/events", h.manage(limits, h.fleetEvents))
	mux.Handle("POST /api/events/{event}/pause", h.manage(limits, h.pauseEvent))
	mux.Handle("POST /api/gateways/{gateway}/parrot", h.manage(limits, h.parrot))
	mux.Handle("POST /api/emergencies/acknowledge", h.manage(limits, h.acknowledge))
	mux.HandleFunc("OPTIONS /api/emergencies/", preflight("OPTIONS, POST"))
	mux.Handle("GET /api/audit", h.manage(limits, h.audit))
	mux.HandleFunc("OPTIONS /api/", preflight("DELETE, GET, OPTIONS, PUT"))
	mux.HandleFunc("OPTIONS /api/events/", preflight("OPTIONS, POST"))
	mux.HandleFunc("OPTIONS /api/gateways/", preflight("OPTIONS, POST"))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "there is no such resource, or not by this method: see docs/http-api.md")
	})
	mux.HandleFunc("GET /healthz", h.health)
	mux.Handle("GET /metrics", ownHost(promhttp.HandlerFor(h.cfg.Metrics, promhttp.HandlerOpts{})))
	mux.Handle("/", web.Handler(h.roomURL()))
	return h.metrics.count(secure(mux))
}

// limits are the rates at which requests are taken.
type limits struct{ users, refusals *httprate.RateLimiter }

func newLimits() limits {
	tooMany := httprate.WithLimitHandler(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusTooManyRequests, "too many requests: wait for Retry-After")
	})
	return limits{
		users:    httprate.NewRateLimiter(requestsPerSecond, time.Second, tooMany),
		refusals: httprate.NewRateLimiter(refusalsPerMinute, time.Minute, tooMany),
	}
}

// authorize lets f answer requests with a good token for the channel they name.
func (h *Hub) authorize(limits limits, f authorized) http.Handler {
	return h.bearer(limits, func(w http.ResponseWriter, r *http.Request, c *Claims) {
		channel := r.PathValue("channel")
		switch {
		case !validName(channel):
			writeError(w, http.StatusBadRequest, "the channel's ID is empty, too long or not printable")
		case !c.MayJoin(channel):
			writeError(w, http.StatusForbidden, "the token is not for this channel")
		default:
			f(w, r, c)
		}
	})
}

// bearer lets f answer requests with a good token, as many as one user may make.
func (h *Hub) bearer(limits limits, f authorized) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := h.tokens.verify(r)
		if err != nil {
			if limits.refusals.RespondOnLimit(w, r, "ip:"+clientIP(r)) {
				return
			}
			challenge := `Bearer realm="talkgate"`
			if !errors.Is(err, errNoToken) {
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			writeError(w, http.StatusUnauthorized, err.Error())
			return
		}
		if limits.users.RespondOnLimit(w, r, c.UserID) {
			return
		}
		f(w, r, c)
	})
}

// clientIP is the address a request came from, an IPv6 one reduced to its network.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return httprate.CanonicalizeIP(host)
}

// validName says whether s may be the ID of a channel or a user.
func validName(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// ownHost refuses what a page of another origin could read by having its own name
// lead here (DNS rebinding). What needs a token needs it not.
func ownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Del("Access-Control-Allow-Origin")
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		_, err := netip.ParseAddr(strings.Trim(host, "[]"))
		self, _ := os.Hostname() // without one there is none to compare with
		own := strings.EqualFold(host, self) || strings.EqualFold(host, self+".local") || strings.EqualFold(host, "localhost")
		if err != nil && !own {
			writeError(w, http.StatusMisdirectedRequest, "ask for this by an address of the hub, or by the name of its machine")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secure sets the headers every answer has. Other origins may use the API: it
// takes nothing a browser would send by itself.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		head.Set("Access-Control-Allow-Origin", "*")
		head.Set("Access-Control-Expose-Headers", "Accept-Patch, ETag, Link, Location, Retry-After, WWW-Authenticate")
		next.ServeHTTP(w, r)
	})
}

// preflight answers OPTIONS, for CORS and as RFC 9725 section 4.2 asks.
func preflight(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		head := w.Header()
		head.Set("Allow", methods)
		head.Set("Accept-Post", sdpType)
		head.Set("Accept-Patch", fragmentType)
		head.Set("Access-Control-Allow-Methods", methods)
		head.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
		head.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	}
}

// options answers OPTIONS of an endpoint. A member is told of the relay, so that
// its first offer can use it.
func (h *Hub) options(methods string) http.Handler {
	answer := preflight(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := h.tokens.verify(r); err == nil && c.MayJoin(r.PathValue("channel")) {
			h.linkTURN(w, c.UserID)
		}
		answer(w, r)
	})
}

func refuseMethod(allow, why string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		writeError(w, http.StatusMethodNotAllowed, why)
	}
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{text})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who has gone does not hear it
}
