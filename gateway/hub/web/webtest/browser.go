// Package webtest drives the page in a real browser, for tests.
package webtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Patience bounds every wait of a browser test. It is far beyond what any of them
// needs: a test ends when what it waits for is there.
const Patience = 20 * time.Second

// Browser is one tab of a headless Chromium.
type Browser struct {
	t   *testing.T
	ctx context.Context
}

// Start starts Chromium with these flags beside the usual ones. The test
// fails if the page logs an error, throws, or is stopped by its content policy.
func Start(t *testing.T, flags ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		Missing(t, "chromium, to test the page in a browser")
	}
	options := append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.NoFirstRun,
		chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		// A machine without a network still has the hub on its loopback.
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.WSURLReadTimeout(Patience),
	}, flags...)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	messages := chromedp.Console(ctx)
	problems := make(chan []string)
	go func() {
		var found []string
		for m, err := range messages {
			if err != nil {
				break
			}
			// The browser itself notes each refused request; a denial is one.
			if m.Source != "network" && (m.IsException() || m.Type == "error" || m.Type == "warning") {
				found = append(found, m.String())
			}
		}
		problems <- found
	}()
	t.Cleanup(func() {
		cancel()
		for _, p := range <-problems {
			t.Errorf("the page's console: %s", p)
		}
	})
	return &Browser{t: t, ctx: ctx}
}

// For is the same tab in a subtest.
func (b *Browser) For(t *testing.T) *Browser { return &Browser{t: t, ctx: b.ctx} }

// Run performs actions one after the other.
func (b *Browser) Run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Call is an action of one protocol command.
func Call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, command, params)
		return chromedp.Void{}, err
	}
}

// Eval returns what a JavaScript expression comes to, its promise awaited.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Until waits for a JavaScript condition, and when it does not come says what the page shows.
func (b *Browser) Until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	poll := chromedp.Poll[chromedp.Void](condition,
		chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))
	if _, err := chromedp.Run(ctx, poll); err != nil {
		b.t.Fatalf("waiting for %s: %v\nthe page shows: %s", condition, err,
			Eval[string](b, `document.body.dataset.phase + " | " + document.body.innerText.replace(/\s+/g, " ")`))
	}
}

// UntilPhase waits until the page is in a phase, one of those in status.js.
func (b *Browser) UntilPhase(phase string) {
	b.t.Helper()
	b.Until(fmt.Sprintf("document.body.dataset.phase === %q", phase))
}

// Before runs a script in every page that is opened from now on, ahead of its own.
func (b *Browser) Before(script string) {
	b.t.Helper()
	b.Run(Call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
}

// Look sets the size of the window in CSS pixels and the colour scheme.
func (b *Browser) Look(width, height int64, scheme string) {
	b.t.Helper()
	b.Run(
		Call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
		}),
		Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"}, // a picture in mid-transition shows neither state
			},
		}),
	)
}

// Shoot keeps a picture of the window among the test's artifacts (go test -artifacts).
func (b *Browser) Shoot(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(b.t.ArtifactDir(), strings.ReplaceAll(name, " ", "-")+".png")
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// Down and Up are the two halves of a key that is held; Tap is both.
func Down(key string) chromedp.Action[chromedp.Void] {
	text := map[string]string{" ": " ", "Enter": "\r"}[key]
	return keyEvent(input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: text})
}

func Up(key string) chromedp.Action[chromedp.Void] {
	return keyEvent(input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key})
}

func Tap(key string) chromedp.Action[chromedp.Void] { return chromedp.Steps(Down(key), Up(key)) }

func keyEvent(p input.DispatchKeyEventParams) chromedp.Action[chromedp.Void] {
	p.Code = map[string]string{" ": "Space"}[p.Key]
	if p.Code == "" {
		p.Code = p.Key
	}
	p.WindowsVirtualKeyCode = map[string]int64{" ": 32, "Enter": 13, "Tab": 9, "F13": 124}[p.Key]
	return Call(input.DispatchKeyEvent, p)
}

// Missing skips a test for want of a program, but fails it in CI, where a skip
// would go unseen.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("CI must have %s", what)
	}
	t.Skipf("SKIPPED: not installed: %s", what)
}

// Eventually waits for what the page causes elsewhere.
func Eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
