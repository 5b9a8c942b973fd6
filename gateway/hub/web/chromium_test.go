package web_test

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

// patience bounds every wait of a browser test. It is far beyond what any of them
// needs: a test ends when what it waits for is there.
const patience = 20 * time.Second

// browser is one tab of a headless Chromium.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// newBrowser starts Chromium with these flags beside the usual ones. The test
// fails if the page logs an error, throws, or is stopped by its content policy.
func newBrowser(t *testing.T, flags ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		missing(t, "chromium, to test the page in a browser")
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
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.WSURLReadTimeout(patience),
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
	return &browser{t: t, ctx: ctx}
}

// run performs actions one after the other.
func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// call is an action of one protocol command.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, command, params)
		return chromedp.Void{}, err
	}
}

// eval returns what a JavaScript expression comes to, its promise awaited.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until waits for a JavaScript condition, and when it does not come says what the page shows.
func (b *browser) until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	poll := chromedp.Poll[chromedp.Void](condition,
		chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))
	if _, err := chromedp.Run(ctx, poll); err != nil {
		b.t.Fatalf("waiting for %s: %v\nthe page shows: %s", condition, err,
			eval[string](b, `document.body.dataset.phase + " | " + document.body.innerText.replace(/\s+/g, " ")`))
	}
}

func (b *browser) untilPhase(phase string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.body.dataset.phase === %q", phase))
}

// before runs a script in every page that is opened from now on, ahead of its own.
func (b *browser) before(script string) {
	b.t.Helper()
	b.run(call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
}

// look sets the size of the window in CSS pixels and the colour scheme.
func (b *browser) look(width, height int64, scheme string) {
	b.t.Helper()
	b.run(
		call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
		}),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"}, // a picture in mid-transition shows neither state
			},
		}),
	)
}

// shoot keeps a picture of the window among the test's artifacts (go test -artifacts).
func (b *browser) shoot(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
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

// down and up are the two halves of a key that is held; tap is both.
func down(key string) chromedp.Action[chromedp.Void] {
	text := map[string]string{" ": " ", "Enter": "\r"}[key]
	return keyEvent(input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: text})
}

func up(key string) chromedp.Action[chromedp.Void] {
	return keyEvent(input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key})
}

func tap(key string) chromedp.Action[chromedp.Void] { return chromedp.Steps(down(key), up(key)) }

func keyEvent(p input.DispatchKeyEventParams) chromedp.Action[chromedp.Void] {
	p.Code = map[string]string{" ": "Space"}[p.Key]
	if p.Code == "" {
		p.Code = p.Key
	}
	p.WindowsVirtualKeyCode = map[string]int64{" ": 32, "Enter": 13, "Tab": 9}[p.Key]
	return call(input.DispatchKeyEvent, p)
}
