package web_test

import (
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// axe lists what axe-core finds wrong with the page as it is: the rule, and where.
func axe(t *testing.T, b *webtest.Browser, state string) {
	t.Helper()
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		webtest.Missing(t, "axe-core (npm ci in gateway/hub/web)")
	}
	if !webtest.Eval[bool](b, `Boolean(window.axe)`) {
		webtest.Eval[any](b, string(source)+";null")
	}
	found := webtest.Eval[[]string](b, `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
		violations.flatMap((v) => v.nodes.map((n) => v.id + " at " + n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " "))))`)
	for _, f := range found {
		t.Errorf("%s: %s", state, f)
	}
}

// TestChannelPageIsAccessible has axe-core look at the channel's page in every state.
func TestChannelPageIsAccessible(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	for _, scheme := range []string{"dark", "light"} {
		b.Look(1280, 900, scheme)
		b.Run(chromedp.Navigate(newMockHub(t).URL))
		b.Until(`!document.getElementById("sign-in").hidden`)
		axe(t, b, scheme+" sign-in")
		b.Run(chromedp.SendKeys("#token", "nonsense"), chromedp.SendKeys("#channel-input", "x"), chromedp.Click("#sign-in button"))
		b.Until(`document.getElementById("sign-in-error").textContent !== ""`)
		axe(t, b, scheme+" sign-in refused")

		hub := newMockHub(t, gates...)
		b.Run(chromedp.Navigate(hub.URL))
		b.Until(`document.querySelectorAll(".station").length === 4`)
		axe(t, b, scheme+" not joined")
		b.Run(chromedp.Click("#join-talk"))
		b.Until(ready)
		axe(t, b, scheme+" idle")
		for name, state := range channelStates() {
			hub.send("state", state)
			hub.send("notice", object{"kind": "released", "userId": "n", "text": "now " + name})
			b.Until(`document.getElementById("log").textContent.includes("now ` + name + `")`)
			axe(t, b, scheme+" "+name)
		}
		hub.send("state", quiet())
		hub.grant(200, object{"granted": true, "epoch": 9})
		b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
		b.UntilPhase("talking")
		axe(t, b, scheme+" talking")
		hub.send("notice", object{"kind": "revoked", "userId": "visitor", "text": "x"})
		b.UntilPhase("revoked")
		axe(t, b, scheme+" revoked")
		b.Run(webtest.Up(" "))
		hub.CloseClientConnections()
		b.UntilPhase("hub-away")
		axe(t, b, scheme+" hub away")
	}
}

// TestConsoleIsAccessible has axe-core look at the console in every state, on a wall and on
// a phone.
func TestConsoleIsAccessible(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub + toneMicrophone)
	for _, size := range []struct {
		width, height int64
		scheme        string
	}{{1920, 1080, "dark"}, {1440, 900, "light"}, {390, 844, "dark"}} {
		hub := fleetHub(t, 40)
		hub.past = []object{{"id": 12, "userId": "gate-0002", "userName": "Gate 2", "since": time.Now().Add(-time.Minute).UnixMilli(), "length": 61000, "ended": "preempted", "by": "Anna"}}
		b.Look(size.width, size.height, size.scheme)
		b.Run(chromedp.Navigate(hub.URL + "/fleet.html"))
		b.Until(`!document.getElementById("sign-in").hidden`)
		axe(t, b, size.scheme+" sign-in")
		openFleet(t, b, hub, "DISPATCH")
		b.Until(`document.querySelectorAll(".row").length > 0 && document.querySelectorAll("#recall-list li").length === 1`)
		axe(t, b, size.scheme+" open")
		b.Run(chromedp.Focus("#grid"), webtest.Tap("ArrowDown"))
		b.Until(`document.getElementById("detail-title").textContent === "Quarry crane"`)
		b.Run(chromedp.Click(key("select", "harbour")))
		b.Until(`document.getElementById("dispatch-talk-state").textContent === "harbour: ready"`)
		axe(t, b, size.scheme+" chosen and selected")
		for name, change := range map[string]object{
			"waiting": nil, "known": {"acknowledged": object{"by": "d", "at": 1}}, "over": {"acknowledged": object{"by": "d", "at": 1}, "ended": time.Now().UnixMilli()},
		} {
			hub.emergencies(emergencyObject(30, change))
			b.Until(`document.getElementById("emergency").dataset.state === "` + name + `"`)
			axe(t, b, size.scheme+" emergency "+name)
		}
		b.Run(chromedp.Click(`[data-pause="marathon"]`))
		b.Until(`document.getElementById("confirm").open`)
		axe(t, b, size.scheme+" question")
	}
}

// TestForcedColors keeps what colours alone would say, where the system takes them away: a
// key that is pressed, or latched, differs by more.
func TestForcedColors(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	b.Run(webtest.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}},
	}))
	hub := newMockHub(t, gates...)
	join(t, b, hub)
	webtest.Eventually(t, "the page watches the radios", func() bool { return hub.watched("/demo/radios/events") })
	look := func(selector string) string {
		return webtest.Eval[string](b, `(() => { const s = getComputedStyle(document.querySelector("`+selector+`")); return [s.borderTopStyle, s.borderTopWidth, s.textDecorationLine, s.outlineStyle, s.boxShadow].join(" "); })()`)
	}
	latch, key := look(".latch"), look(".key")
	b.Run(chromedp.Click(`[data-user="n"] .latch`))
	hub.send("radio", object{"name": "north-gate", "pressed": true, "lamps": object{}, "state": "talking"})
	b.Until(`document.querySelector(".latch").getAttribute("aria-pressed") === "true" && document.querySelector(".key").dataset.pressed === "true"`)
	if now := look(".latch"); now == latch {
		t.Errorf("latched looks as not latched: %s", now)
	}
	if now := look(".key"); now == key {
		t.Errorf("pressed looks as not pressed: %s", now)
	}
	if look(".latch") == look(".key") {
		t.Errorf("latched looks as pressed: %s", look(".key"))
	}
}
