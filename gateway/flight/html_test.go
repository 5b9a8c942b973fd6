package flight

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// TestPageShowsAndPlays opens a timeline in a browser: what happened stands there as
// text, whatever it says, and the sound is sought by it.
func TestPageShowsAndPlays(t *testing.T) {
	rec := flightOf(t)
	const hostile = `</script><img src=x onerror="document.title='taken'">`
	rec.Entries = append(rec.Entries, Entry{At: 10 * time.Second, Kind: Event, Text: json.RawMessage(`{"level":"INFO","msg":` + quoted(t, hostile) + `}`)})
	file := filepath.Join(t.TempDir(), "timeline.html")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := archived(t, rec).WriteHTML(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b := webtest.Start(t)
	b.Run(chromedp.Navigate("file://" + file))
	b.Until(`document.title === "north-gate on gates: test"`)
	if rows := webtest.Eval[[]string](b, `[...document.querySelectorAll("tr")].map(r => r.innerText)`); len(rows) != 6 || !strings.Contains(rows[5], hostile) ||
		!strings.Contains(rows[2], "the right to talk was taken away") || !strings.Contains(rows[1], "+2.000 s") {
		t.Errorf("rows %q", rows)
	}
	if n := webtest.Eval[int](b, `document.querySelectorAll("rect.sent, rect.heard").length`); n != 2 {
		t.Errorf("%d talk spurts in the picture", n)
	}
	b.Until(`[...document.querySelectorAll("audio")].filter(a => Math.abs(a.duration - 10) < 0.5).length === 2`)
	b.Run(chromedp.Click("tr:nth-child(4)"))
	b.Until(`[...document.querySelectorAll("audio")].every(a => Math.abs(a.currentTime - 6) < 0.1)`)
	b.Shoot("timeline")
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
