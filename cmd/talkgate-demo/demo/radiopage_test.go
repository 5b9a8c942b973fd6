package demo_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// watchRadio lets a test read what a radio shows.
const watchRadio = `
window.fact = (name, what) => [...strip(name).querySelectorAll(".facts div")]
  .find((e) => e.querySelector("dt").textContent === what)?.querySelector("dd").textContent ?? "";
window.left = (time) => { const [m, s] = time.split(":"); return 60 * m + Number(s); };`

// TestRadioPage calls in over the repeater: squelch, timer, talk lock and
// transmitter are what the page shows, on a whole port.
func TestRadioPage(t *testing.T) {
	b := visit(t, watchRadio)
	b.Until(`fact("hill-repeater", "Squelch") === "closed" && fact("hill-repeater", "Transmitter") === "off" && fact("hill-repeater", "Talk budget") === "3:00"`)

	// Somebody calls in: the squelch opens with the sound, which is heard, and the
	// timers run.
	click(b, `strip("hill-repeater").querySelector(".latch")`)
	b.Until(`lamp("hill-repeater", "squelch") && lamp("hill-repeater", "talk") && fact("hill-repeater", "Squelch") === "open"`)
	b.Until(speech(`level(strip("hill-repeater"), "mic")`, `level(strip("north-gate"), "hears")`, `level(me(), "hears")`))
	b.Until(`fact("hill-repeater", "AGC") !== "" && left(fact("hill-repeater", "Cut in")) < 29 && left(fact("hill-repeater", "Talk budget")) < 180`)
	b.Shoot("repeater-received")

	// A dispatcher breaks in: the radio still hears somebody, so what is said waits,
	// and is on the air once it does not.
	b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
	b.UntilPhase("talking")
	b.Until(`lamp("hill-repeater", "alert") && fact("hill-repeater", "Transmitter").startsWith("waits with")`)
	if webtest.Eval[bool](b, `lamp("hill-repeater", "keyed")`) {
		t.Error("keyed while the squelch is open")
	}
	b.Shoot("repeater-waits")
	click(b, `strip("hill-repeater").querySelector(".latch")`)
	b.Until(`!lamp("hill-repeater", "squelch") && lamp("hill-repeater", "keyed") && fact("hill-repeater", "Transmitter") === "keyed"`)
	b.Until(speech(`level(strip("hill-repeater"), "hears")`))
	b.Shoot("repeater-keyed")
	b.Run(webtest.Up(" "))
	b.UntilPhase("idle")
	b.Until(`!lamp("hill-repeater", "keyed") && fact("hill-repeater", "Ident") === "" && fact("hill-repeater", "Not sent") === ""`)

	// Locked by DTMF from the radio, it talks no more until it is unlocked.
	click(b, `strip("hill-repeater").querySelector(".dial")`)
	b.Until(`fact("hill-repeater", "Talking") === "locked by DTMF" && fact("hill-repeater", "Squelch") === "closed"`)
	b.Run(chromedp.Focus(`[aria-label="Hold to call in over hill-repeater"]`), webtest.Down("Enter"))
	b.Until(`fact("hill-repeater", "Squelch") === "open"`)
	b.Until(speech(`level(strip("hill-repeater"), "mic")`))
	if webtest.Eval[bool](b, `lamp("hill-repeater", "talk") || lamp("north-gate", "busy")`) {
		t.Error("a locked port talks")
	}
	b.Run(webtest.Up("Enter"))
	b.Until(`fact("hill-repeater", "Squelch") === "closed"`)
	click(b, `strip("hill-repeater").querySelector(".dial")`)
	b.Until(`fact("hill-repeater", "Talking") === "" && fact("hill-repeater", "Squelch") === "closed"`)
	click(b, `strip("hill-repeater").querySelector(".latch")`)
	b.Until(`lamp("hill-repeater", "talk") && lamp("north-gate", "busy")`)
	click(b, `strip("hill-repeater").querySelector(".latch")`)
	b.UntilPhase("idle")
}
