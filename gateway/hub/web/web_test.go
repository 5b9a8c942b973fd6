package web_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/web"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

func TestHandler(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		contentType  string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/app.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/style.css", 200, "text/css; charset=utf-8"},
		{"GET", "/favicon.svg", 200, "image/svg+xml"},
		{"GET", "/nothing.js", 404, ""},
		{"GET", "/web.go", 404, ""},
		{"GET", "/test/sse.test.js", 404, ""},
		{"POST", "/", 405, ""},
	} {
		w := httptest.NewRecorder()
		web.Handler("").ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, w.Code, c.status)
		}
		if got := w.Header().Get("Content-Type"); c.contentType != "" && got != c.contentType {
			t.Errorf("%s %s: Content-Type %q, want %q", c.method, c.path, got, c.contentType)
		}
		if c.status == 200 && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s %s: no strict Content-Security-Policy", c.method, c.path)
		}
	}
}

// What the policy forbids would fail only in the browser of somebody who needs it.
func TestPageKeepsToItsPolicy(t *testing.T) {
	for _, file := range []string{"index.html", "fleet.html"} {
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
