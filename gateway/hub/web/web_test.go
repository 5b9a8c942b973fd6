package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/web"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

func TestHandlers(t *testing.T) {
	hub, port := web.Handler(""), web.Port()
	for _, c := range []struct {
		name         string
		handler      http.Handler
		method, path string
		status       int
		contentType  string
	}{
		{"hub", hub, "GET", "/", 200, "text/html; charset=utf-8"},
		{"hub", hub, "HEAD", "/app.js", 200, "text/javascript; charset=utf-8"},
		{"hub", hub, "GET", "/style.css", 200, "text/css; charset=utf-8"},
		{"hub", hub, "GET", "/favicon.svg", 200, "image/svg+xml"},
		{"hub", hub, "GET", "/nothing.js", 404, ""},
		{"hub", hub, "GET", "/web.go", 404, ""},
		{"hub", hub, "GET", "/test/sse.test.js", 404, ""},
		{"hub", hub, "POST", "/", 405, ""},
		{"port", port, "GET", "/", 200, "text/html; charset=utf-8"},
		{"port", port, "HEAD", "/", 200, "text/html; charset=utf-8"},
		{"port", port, "GET", "/radiopanel.js", 200, "text/javascript; charset=utf-8"},
		{"port", port, "GET", "/port.css", 200, "text/css; charset=utf-8"},
		{"port", port, "GET", "/app.js", 404, ""},
		{"port", port, "GET", "/index.html", 404, ""},
		{"port", port, "GET", "/fleet.html", 404, ""},
		{"port", port, "GET", "/web.go", 404, ""},
		{"port", port, "POST", "/", 405, ""},
		{"port", port, "PUT", "/status", 405, ""},
		{"port", port, "DELETE", "/port.js", 405, ""},
	} {
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s: %s %s: status %d, want %d", c.name, c.method, c.path, w.Code, c.status)
		}
		if got := w.Header().Get("Content-Type"); c.contentType != "" && got != c.contentType {
			t.Errorf("%s: %s %s: Content-Type %q, want %q", c.name, c.method, c.path, got, c.contentType)
		}
		if c.status == 200 && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %s %s: no strict Content-Security-Policy", c.name, c.method, c.path)
		}
	}
}

// What the policy forbids would fail only in the browser of somebody who needs it.
func TestPageKeepsToItsPolicy(t *testing.T) {
	for _, file := range []string{"index.html", "fleet.html", "boards.html", "port.html"} {
		t.Run(file, func(t *testing.T) { keepsToPolicy(t, file) })
	}
}

func keepsToPolicy(t *testing.T, file string) {
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, forbidden := range map[string]string{
		"inline style":        `\sstyle\s*=|<style`,
		"inline script":       `<script(?:\s[^>]*)?>[^<]|\son\w+\s*=|javascript:`,
		"something elsewhere": `(?:src|href)\s*=\s*"(?:\w+:|//)`,
	} {
		if found := regexp.MustCompile(forbidden).Find(page); found != nil {
			t.Errorf("%s has %s: %s", file, name, found)
		}
	}
}

// The scripts' own tests run in node, the one thing here that is not Go.
func TestScripts(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		webtest.Missing(t, "node, to run the unit tests of the page's scripts")
	}
	out, err := exec.Command(node, "--test").CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, out)
	}
}
