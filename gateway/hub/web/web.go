// Package web is the pages: the hub's, a console for one channel and one for the
// fleet, static files against the hub's own HTTP API; and a port's own, which shows what
// its /status tells.
package web

import (
	"embed"
	"net/http"
	"strings"
)

// policy lets the page run nothing and reach nothing but what this server
// itself serves, and the LiveKit that it names; a string of a member's that found
// its way into the page as markup would still be inert.
func policy(room string) string {
	reach := "'self'"
	if room != "" {
		reach += " " + room + " http" + strings.TrimPrefix(room, "ws")
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " + reach + "; " +
		"media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

//go:embed *.html *.svg *.css *.js
var files embed.FS

// Handler serves the page at "/" and its files beside it. room is the URL of the
// LiveKit that the page may connect to, or empty. It answers GET and
// HEAD only, everything else is 405, what does not exist 404.
func Handler(room string) http.Handler {
	return readOnly(policy(room), "microphone=(self)", http.FileServerFS(files))
}

// Port serves the page of one port at "/", of whose /status it is made, and its files
// beside it, as Handler does. Nothing can be done on it.
func Port() http.Handler {
	static := http.FileServerFS(files)
	return readOnly(policy(""), "microphone=()", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			http.ServeFileFS(w, r, files, "port.html")
		case "/port.css", "/style.css", "/stations.css", "/radio.css", "/favicon.svg",
			"/port.js", "/portview.js", "/portstate.js", "/radiopanel.js", "/radiofacts.js", "/rows.js", "/announcer.js",
			"/dom.js", "/meter.js", "/level.js", "/status.js", "/fleetstate.js", "/retry.js":
			static.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
}

// readOnly answers GET and HEAD only, by files, with a policy and what the page may use
// of the microphone.
func readOnly(policy, microphone string, files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page answers GET and HEAD only", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Permissions-Policy", microphone+", camera=(), geolocation=()")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		// Embedded files have no modification time to revalidate by, and a hub
		// that was updated must not be driven by its predecessor's page.
		h.Set("Cache-Control", "no-store")
		files.ServeHTTP(w, r)
	})
}
