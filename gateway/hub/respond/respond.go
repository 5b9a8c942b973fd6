package respond

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

const (
	SDP = "application/sdp"
	// TrickleICE is that of trickle ICE and ICE restarts (RFC 8840 section 9).
	TrickleICE = "application/trickle-ice-sdpfrag"
)

// OwnHost refuses what a page of another origin could read by having its own name
// lead here (DNS rebinding). What needs a token needs it not.
func OwnHost(next http.Handler) http.Handler {
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
			Error(w, http.StatusMisdirectedRequest, "ask for this by an address of the hub, or by the name of its machine")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Secure sets the headers every answer has. Other origins may use the API: it
// takes nothing a browser would send by itself.
func Secure(next http.Handler) http.Handler {
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

// Preflight answers OPTIONS, for CORS and as RFC 9725 section 4.2 asks.
func Preflight(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		head := w.Header()
		head.Set("Allow", methods)
		head.Set("Accept-Post", SDP)
		head.Set("Accept-Patch", TrickleICE)
		head.Set("Access-Control-Allow-Methods", methods)
		head.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
		head.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	}
}

// RefuseMethod answers 405, with the methods that are allowed and why.
func RefuseMethod(allow, why string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		Error(w, http.StatusMethodNotAllowed, why)
	}
}

// Error answers with a status and an error in JSON.
func Error(w http.ResponseWriter, status int, text string) {
	JSON(w, status, struct {
		Error string `json:"error"`
	}{text})
}

// JSON answers with a status and v in JSON.
func JSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who has gone does not hear it
}

// RedisAway answers 503: Redis does not answer.
func RedisAway(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	Error(w, http.StatusServiceUnavailable, "Redis does not answer: try again")
}
