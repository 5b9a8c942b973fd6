package web_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// key is a key of a channel's row.
func key(what, channel string) string { return `[data-` + what + `="` + channel + `"]` }

// TestDispatcherTalks selects two channels and talks on both with one hold: by the button
// and by a foot switch.
func TestDispatcherTalks(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub + toneMicrophone)
	hub := fleetHub(t, 10)
	hub.grant(200, object{"granted": true, "epoch": 5})
	openFleet(t, b, hub, "DISPATCH")
	b.Until(`document.querySelector('[data-select="harbour"]')`)
	b.Run(chromedp.Click(key("select", "harbour")), chromedp.Click(key("select", "gates")), chromedp.Click(key("listen", "yards")))
	b.Until(`document.getElementById("dispatch-talk-state").textContent === "harbour: ready · gates: ready"`)
	b.Until(`document.querySelector("#health-sound dd").textContent === "up"`)

	asked := func(n int) func() bool {
		return func() bool {
			return hub.count("PUT /api/channels/harbour/floor") == n && hub.count("PUT /api/channels/gates/floor") == n
		}
	}
	b.Run(chromedp.Focus("#dispatch-talk"), webtest.Down(" "))
	b.Until(`document.getElementById("dispatch-talk").dataset.phase === "talking" && document.getElementById("dispatch-talk").textContent === "On air: harbour, gates"`)
	webtest.Eventually(t, "both are asked for", asked(1))
	b.Run(webtest.Up(" "))
	b.Until(`document.getElementById("dispatch-talk").dataset.phase === "idle"`)
	webtest.Eventually(t, "both are given back", func() bool {
		return hub.count("DELETE /api/channels/harbour/floor") == 1 && hub.count("DELETE /api/channels/gates/floor") == 1
	})

	b.Run(chromedp.Click("#foot-switch"), webtest.Tap("F13"))
	b.Until(`document.getElementById("foot-switch").textContent === "Talk key: F13"`)
	b.Run(chromedp.Focus("#grid"), webtest.Down("F13"))
	webtest.Eventually(t, "the foot switch asks for both", asked(2))
	b.Until(`document.getElementById("dispatch-talk").dataset.phase === "talking"`)
	webtest.Eval[any](b, `dispatchEvent(new Event("blur")); null`)
	b.Until(`document.getElementById("dispatch-talk").dataset.phase === "idle"`)
	b.Run(webtest.Up("F13"))

	// One no more; the other is still talked on.
	b.Run(chromedp.Click(key("select", "harbour")))
	b.Until(`document.getElementById("dispatch-talk").textContent === "Hold to talk on gates"`)
	webtest.Eventually(t, "its sessions end", func() bool {
		return hub.count("DELETE /whip/harbour/1") == 1 && hub.count("DELETE /whep/harbour/1") == 1
	})
}

// TestRecallAtTheConsole lists talk spurts, plays one within a second and the last with one
// key, and exports.
func TestRecallAtTheConsole(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub + `
		window.AudioBufferSourceNode = class extends AudioBufferSourceNode { start(...a) { window.sounded = { at: performance.now(), length: this.buffer.duration }; super.start(...a); } };
		addEventListener("click", () => { window.clicked = performance.now(); }, true);
		addEventListener("keydown", () => { window.clicked = performance.now(); }, true);
		HTMLAnchorElement.prototype.click = function () { window.saved = this.download; };`)
	hub := fleetHub(t, 10)
	hub.past = pastObjects()
	openFleet(t, b, hub, "DISPATCH")
	b.Until(`document.querySelectorAll("#recall-list li").length === 3 && document.querySelectorAll("#recall-line i").length === 3`)
	b.Until(`/Anna.*0:30.*emergency/.test(document.querySelector("#recall-list li").textContent) &&
		document.querySelector("#recall-list li:nth-child(2)").textContent.includes("cut by Anna")`)
	b.Until(`Math.abs(parseFloat(document.querySelector("#recall-line i").style.left) - 100 / 6) < 1`)

	b.Run(chromedp.Click(`[data-play="12"]`))
	b.Until("window.sounded")
	if ms := webtest.Eval[float64](b, "sounded.at - clicked"); ms > 1000 {
		t.Errorf("sounded %.0f ms after the click, want 1 s at most", ms)
	} else {
		t.Logf("sounded %.0f ms after the click", ms)
	}
	if s := webtest.Eval[float64](b, "sounded.length"); s < 1.9 || s > 2.1 {
		t.Errorf("plays %.2f s, want the 2 s of the file", s)
	}
	b.Until(`document.querySelector('[data-play="12"]').getAttribute("aria-pressed") === "true"`)
	webtest.Eval[any](b, `window.sounded = null`)
	b.Run(chromedp.Focus("#grid"), webtest.Tap("r"))
	b.Until("window.sounded")
	t.Logf("the last sounded %.0f ms after the key", webtest.Eval[float64](b, "sounded.at - clicked"))
	if n := hub.count("GET /api/channels/harbour/recall/last"); n != 1 {
		t.Errorf("the last was asked for %d times, want once", n)
	}
	b.Run(chromedp.Click("#recall-save"))
	b.Until(`/^harbour-.*[.]ogg$/.test(window.saved)`)

	b.Run(chromedp.Click(key("past", "yards")))
	b.Until(`document.getElementById("recall-title").textContent === "Last hour on yards"`)
	webtest.Eventually(t, "it is read", func() bool { return hub.count("GET /api/channels/yards/recall") == 1 })
}

// pastObjects are talk spurts of the last hour.
func pastObjects() []object {
	now := time.Now()
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	return []object{
		{"id": 11, "userId": "gate-0001", "userName": "Gate 1", "since": ago(50 * time.Minute), "length": 7200, "ended": "released"},
		{"id": 12, "userId": "gate-0002", "userName": "Gate 2", "since": ago(20 * time.Minute), "length": 61000, "ended": "preempted", "by": "Anna"},
		{"id": 13, "userId": "anna", "userName": "Anna", "since": ago(19 * time.Minute), "length": 30000, "emergency": true, "ended": "released"},
	}
}
