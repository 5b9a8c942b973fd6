package demo_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// TestEmergencyOnPage: the visitor's emergency button, for real: it takes the floor
// from a radio that talks, every radio shows it, the visitor is heard with both hands
// free, and it ends by the button or when the page is looked away from.
func TestEmergencyOnPage(t *testing.T) {
	b := visit(t)
	click(b, `strip("north-gate").querySelector(".latch")`)
	b.UntilPhase("busy")

	b.Run(chromedp.Focus("#emergency"), webtest.Tap(" ")) // a bump
	webtest.Eval[any](b, `pause(300).then(() => null)`)
	b.UntilPhase("busy")
	hold := func(until string) {
		t.Helper()
		b.Run(chromedp.Focus("#emergency"), webtest.Down(" "))
		b.Until(until)
		b.Run(webtest.Up(" "))
	}
	hold(`document.body.dataset.phase === "talking"`)
	b.Until(`lamp("north-gate", "emergency") && lamp("south-gate", "emergency") && lamp("north-gate", "alert") && !lamp("north-gate", "talk")`)
	b.Until(speech(`level(strip("north-gate"), "hears")`, `level(strip("south-gate"), "hears")`, `level(me(), "sends")`))
	b.Until(`document.getElementById("headline").textContent === "Emergency: you are on air" && document.body.dataset.emergency === "yes"`)
	b.Shoot("desktop-dark-emergency")
	b.Look(360, 720, "light")
	b.Shoot("phone-light-emergency")
	if width := webtest.Eval[int](b, "document.documentElement.scrollWidth"); width > 360 {
		t.Errorf("on a phone the page is %d px wide", width)
	}
	b.Look(1280, 860, "dark")
	hold(`document.body.dataset.phase === "idle"`)
	b.Until(`!lamp("south-gate", "emergency") && !microphone.enabled`)
	noMorePackets(t, b, "outbound-rtp", "packetsSent")

	hold(`document.body.dataset.phase === "talking"`)
	b.Until(`lamp("south-gate", "emergency")`)
	webtest.Eval[any](b, `dispatchEvent(new Event("blur")); null`)
	b.Until(`!microphone.enabled && !lamp("south-gate", "emergency")`)
	b.UntilPhase("idle")
}
