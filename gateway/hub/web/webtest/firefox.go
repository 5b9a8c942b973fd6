package webtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// firefoxPrefs let a page have a microphone, sound, and a hub on the loopback, unasked.
const firefoxPrefs = `
user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.permission.disabled", true);
user_pref("media.autoplay.default", 0);
user_pref("media.peerconnection.ice.loopback", true);
user_pref("app.update.disabledForTesting", true);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("remote.active-protocols", 1);
`

// Firefox is one tab of a headless Firefox, driven by WebDriver BiDi, which it speaks
// itself (https://w3c.github.io/webdriver-bidi).
type Firefox struct {
	t    *testing.T
	conn *websocket.Conn
	tab  string
	last int
}

// StartFirefox starts it, with an empty profile.
func StartFirefox(t *testing.T) *Firefox {
	t.Helper()
	path, err := exec.LookPath("firefox-esr")
	if err != nil {
		if path, err = exec.LookPath("firefox"); err != nil {
			Missing(t, "firefox-esr, to test the page in another browser")
		}
	}
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxPrefs), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile, "about:blank")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_DISABLE_CONTENT_SANDBOX=1")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if _, url, ok := strings.Cut(lines.Text(), "WebDriver BiDi listening on "); ok {
				address <- strings.TrimSpace(url)
			}
		}
	}()
	f := &Firefox{t: t}
	dial, done := context.WithTimeout(ctx, 3*Patience)
	defer done()
	select {
	case url := <-address:
		if f.conn, _, err = websocket.Dial(dial, url+"/session", nil); err != nil {
			t.Fatal(err)
		}
	case <-dial.Done():
		t.Fatal("firefox does not say where it listens")
	}
	f.conn.SetReadLimit(64 << 20)
	t.Cleanup(func() { _ = f.conn.CloseNow() })
	f.call("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	f.call("browsingContext.getTree", map[string]any{}, &tree)
	f.tab = tree.Contexts[0].Context
	return f
}

// For is the same tab in a subtest.
func (f *Firefox) For(t *testing.T) *Firefox {
	one := *f
	one.t = t
	one.last += 1_000_000
	return &one
}

// call runs one command of the protocol; result may be nil.
func (f *Firefox) call(method string, params map[string]any, result any) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*Patience)
	defer cancel()
	f.last++
	if err := wsjson.Write(ctx, f.conn, map[string]any{"id": f.last, "method": method, "params": params}); err != nil {
		f.t.Fatalf("%s: %v", method, err)
	}
	for {
		var answer struct {
			ID             int
			Error, Message string
			Result         json.RawMessage
		}
		if err := wsjson.Read(ctx, f.conn, &answer); err != nil {
			f.t.Fatalf("%s: %v", method, err)
		}
		if answer.ID != f.last {
			continue // an event, or an answer that nobody waits for any more
		}
		if answer.Error != "" {
			f.t.Fatalf("%s: %s: %s", method, answer.Error, answer.Message)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				f.t.Fatalf("%s: %v in %s", method, err, answer.Result)
			}
		}
		return
	}
}

// Before runs a script in every page that is opened from now on, ahead of its own.
func (f *Firefox) Before(script string) {
	f.t.Helper()
	f.call("script.addPreloadScript", map[string]any{"functionDeclaration": "() => {" + script + "}"}, nil)
}

// Open goes to a page and waits until it has loaded.
func (f *Firefox) Open(url string) {
	f.t.Helper()
	f.call("browsingContext.navigate", map[string]any{"context": f.tab, "url": url, "wait": "complete"}, nil)
}

// Look sets the size of the window in CSS pixels, and waits until the page has it: Firefox
// answers the command before that.
func (f *Firefox) Look(width, height int64) {
	f.t.Helper()
	f.call("browsingContext.setViewport", map[string]any{"context": f.tab, "viewport": map[string]any{"width": width, "height": height}}, nil)
	f.Until(fmt.Sprintf("innerWidth === %d && innerHeight === %d", width, height))
}

// EvalFirefox returns what a JavaScript expression comes to, its promise awaited.
func EvalFirefox[T any](f *Firefox, expression string) (value T) {
	f.t.Helper()
	var answer struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	f.call("script.evaluate", map[string]any{
		"expression": "(async () => JSON.stringify(await (" + expression + ") ?? null))()", "awaitPromise": true,
		"target": map[string]any{"context": f.tab}, "userActivation": true,
	}, &answer)
	if answer.Type != "success" {
		f.t.Fatalf("%s: %s", expression, answer.ExceptionDetails.Text)
	}
	if err := json.Unmarshal([]byte(answer.Result.Value), &value); err != nil {
		f.t.Fatalf("%s: %v in %s", expression, err, answer.Result.Value)
	}
	return value
}

// Until waits for a JavaScript condition, and when it does not come says what the page shows.
func (f *Firefox) Until(condition string) {
	f.t.Helper()
	for deadline := time.Now().Add(Patience); !EvalFirefox[bool](f, "Boolean("+condition+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("never: %s\nthe page shows: %s", condition, EvalFirefox[string](f, `document.body.dataset.phase + " | " + document.body.innerText.replace(/\s+/g, " ")`))
		}
	}
}

// Click clicks in the middle of an element; Hold only presses there, until Release.
func (f *Firefox) Click(selector string) {
	f.t.Helper()
	f.pointer(selector, "pointerDown", "pointerUp")
}

func (f *Firefox) Hold(selector string) { f.t.Helper(); f.pointer(selector, "pointerDown") }

// Release lets go where the pointer is.
func (f *Firefox) Release() { f.t.Helper(); f.pointer("", "pointerUp") }

func (f *Firefox) pointer(selector string, what ...string) {
	f.t.Helper()
	actions := []map[string]any{}
	if selector != "" {
		f.Until(fmt.Sprintf("document.querySelector(%q)?.checkVisibility()", selector))
		at := EvalFirefox[[]float64](f, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: "nearest" }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector))
		actions = append(actions, map[string]any{"type": "pointerMove", "x": int(at[0]), "y": int(at[1])})
	}
	for _, w := range what {
		actions = append(actions, map[string]any{"type": w, "button": 0})
	}
	f.call("input.performActions", map[string]any{"context": f.tab, "actions": []map[string]any{{"type": "pointer", "id": "mouse", "actions": actions}}}, nil)
}

// Key holds a key down, or lets it up.
func (f *Firefox) Key(value string, down bool) {
	f.t.Helper()
	what := map[bool]string{true: "keyDown", false: "keyUp"}[down]
	f.call("input.performActions", map[string]any{"context": f.tab, "actions": []map[string]any{
		{"type": "key", "id": "keyboard", "actions": []map[string]any{{"type": what, "value": value}}},
	}}, nil)
}
