package hub

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// countedByName reports whether a method is counted by its name; a peer can make up others.
func countedByName(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}, method)
}

// countRequests counts what next answers.
func (c *counts) countRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &answerWriter{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			method := "unknown"
			if countedByName(r.Method) {
				method = strings.ToLower(r.Method)
			}
			c.requests.Inc(method, strconv.Itoa(answer.code))
		}()
		next.ServeHTTP(answer, r)
	})
}

// answerWriter remembers the status code.
type answerWriter struct {
	http.ResponseWriter
	code  int
	wrote bool
}

// WriteHeader implements http.ResponseWriter. The first code that ends a request counts.
func (w *answerWriter) WriteHeader(code int) {
	if !w.wrote {
		w.code, w.wrote = code, code >= http.StatusOK
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (w *answerWriter) Write(text []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(text)
}

// Unwrap is for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
