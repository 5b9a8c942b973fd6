package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// TestKeyboardAlone reaches and works everything on the page without a pointer.
func TestKeyboardAlone(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	hub.grant(200, object{"granted": true, "epoch": 5})
	b.Run(chromedp.Navigate(hub.URL))
	b.Until(`document.querySelectorAll(".station").length === 4`)

	focus := func(name string) {
		t.Helper()
		for range 40 {
			b.Run(webtest.Tap("Tab"))
			if focused(b) == name {
				return
			}
		}
		t.Fatalf("Tab never comes to %q", name)
	}
	focus("Join")
	b.Run(webtest.Tap("Enter"))
	b.Until(ready)
	if got := focused(b); got != "Hold to talk" {
		t.Fatalf("after joining the focus is on %q, want the talk button", got)
	}

	var seen []string
	for range 40 {
		b.Run(webtest.Tap("Tab"))
		name := focused(b)
		if slices.Contains(seen, name) {
			break
		}
		if name != "" {
			seen = append(seen, name)
			if !webtest.Eval[bool](b, `getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
				t.Errorf("%s has no focus ring", name)
			}
		}
	}
	want := webtest.Eval[[]string](b, `[...document.querySelectorAll("button, a, input, [tabindex]")]
		.filter((e) => e.checkVisibility()).map((e) => e.ariaLabel ?? e.textContent.trim())`)
	for _, name := range want {
		if name == "" || !slices.Contains(seen, name) {
			t.Errorf("%q is on the page, but Tab comes only to %q", name, seen)
		}
	}

	focus("Hold to talk on north-gate")
	for _, key := range []string{" ", "Enter"} {
		before := hub.count("POST /demo/radios/north-gate/press")
		b.Run(webtest.Down(key))
		webtest.Eventually(t, "pressed", func() bool { return hub.count("POST /demo/radios/north-gate/press") == before+1 })
		if hub.count("POST /demo/radios/north-gate/release") != before {
			t.Fatal("released while held")
		}
		b.Run(webtest.Up(key))
		webtest.Eventually(t, "released", func() bool { return hub.count("POST /demo/radios/north-gate/release") == before+1 })
	}
	focus("Latch the talk key of south-gate")
	b.Run(webtest.Tap(" "))
	webtest.Eventually(t, "latched", func() bool { return hub.count("POST /demo/radios/south-gate/press") == 1 })
	webtest.Eval[any](b, `dispatchEvent(new Event("blur")); null`)
	b.Run(webtest.Tap(" "))
	webtest.Eventually(t, "unlatched", func() bool { return hub.count("POST /demo/radios/south-gate/release") == 1 })

	rightsPath := "/api/channels/harbour/members/s/rights"
	focus("Take talk right from south-gate")
	b.Run(webtest.Tap("Enter"))
	webtest.Eventually(t, "taken", func() bool { return hub.count("DELETE "+rightsPath) == 1 })
	state := quiet()
	state["members"].([]object)[2]["rights"] = false
	hub.send("state", state)
	b.Until(`document.activeElement.ariaLabel === "Give talk right to south-gate"`)
	b.Run(webtest.Tap("Enter"))
	webtest.Eventually(t, "given back", func() bool { return hub.count("PUT "+rightsPath) == 1 })

	// Space talks from where it has no other meaning, and only there.
	webtest.Eval[any](b, `document.activeElement.blur(); null`)
	b.Run(webtest.Down(" "))
	b.UntilPhase("talking")
	b.Run(webtest.Up(" "))
	b.UntilPhase("idle")
}

// focused returns the name of the element that has the focus, as it is read out.
func focused(b *webtest.Browser) string {
	return webtest.Eval[string](b, `document.activeElement === document.body ? ""
		: document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()`)
}

// TestPointers holds the talk button with a mouse that slides off and with a finger.
func TestPointers(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	hub.grant(200, object{"granted": true, "epoch": 5})
	join(t, b, hub)
	at := webtest.Eval[[]float64](b, `(() => { const r = document.getElementById("talk").getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`)
	mouse := func(kind input.DispatchMouseEventType, x, y float64) chromedp.Action[chromedp.Void] {
		return chromedp.MouseEvent(kind, x, y, chromedp.ButtonLeft)
	}
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) chromedp.Action[chromedp.Void] {
		return webtest.Call(input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
	}
	click := chromedp.Evaluate[chromedp.Void](`document.getElementById("talk").click()`)
	for name, c := range map[string]struct {
		press, release chromedp.Action[chromedp.Void]
	}{
		"mouse": {
			mouse(input.DispatchMouseEventTypeMousePressed, at[0], at[1]),
			chromedp.Steps(mouse(input.DispatchMouseEventTypeMouseMoved, 5, 5), mouse(input.DispatchMouseEventTypeMouseReleased, 5, 5)),
		},
		"finger": {
			touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at[0], Y: at[1]}),
			touch(input.DispatchTouchEventTypeTouchEnd),
		},
		"finger taken away by the system": {
			touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at[0], Y: at[1]}),
			touch(input.DispatchTouchEventTypeTouchCancel),
		},
		"click of assistive technology": {
			click,
			click,
		},
	} {
		b.Run(c.press)
		b.UntilPhase("talking")
		b.Until(micOpen)
		b.Run(c.release)
		b.UntilPhase("idle")
		if !webtest.Eval[bool](b, `!microphone.enabled`) {
			t.Errorf("%s: the microphone is open after the release", name)
		}
	}
}

// TestDenials says who has the floor, or why not, to eyes and ears.
func TestDenials(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	join(t, b, hub)
	for want, answer := range map[string]object{
		"north-gate has the floor": {"reason": "busy", "holder": object{"userId": "n", "userName": "north-gate"}},
		"no talk right":            {"reason": "no-rights"},
		"banned":                   {"reason": "banned"},
	} {
		answer["granted"] = false
		hub.grant(http.StatusConflict, answer)
		b.Run(webtest.Down(" "))
		b.UntilPhase("denied")
		b.Until(fmt.Sprintf(`document.getElementById("detail").textContent.includes(%[1]q) &&
			document.getElementById("urgent").textContent.includes(%[1]q)`, want))
		b.Run(webtest.Up(" "))
		b.UntilPhase("idle")
	}
	if n := hub.count("DELETE " + floorPath); n != 0 {
		t.Errorf("gave back %d times a floor it never had", n)
	}
	hub.grant(http.StatusServiceUnavailable, object{"error": "Redis is away"})
	b.Run(webtest.Down(" "))
	b.UntilPhase("denied")
	webtest.Eventually(t, "a request that may stand is taken back", func() bool { return hub.count("DELETE "+floorPath) == 1 })
}

// TestHubComesBack sees the page join again by itself, with new sessions.
func TestHubComesBack(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	join(t, b, hub)
	hub.CloseClientConnections()
	b.UntilPhase("hub-away")
	b.UntilPhase("idle")
	b.Until(ready)
	webtest.Eventually(t, "new sessions", func() bool {
		return hub.count("POST /whip/harbour") == 2 && hub.count("POST /whep/harbour") == 2
	})
	if hub.count("DELETE /whip/harbour/1") != 1 || hub.count("DELETE /whep/harbour/1") != 1 {
		t.Error("the old sessions were left behind")
	}
}

// TestSignIn opens a channel by token, where there is no demo to do it.
func TestSignIn(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t)
	b.Run(chromedp.Navigate(hub.URL))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Run(
		chromedp.SendKeys("#token", "nonsense"),
		chromedp.SendKeys("#channel-input", "harbour"),
		chromedp.Click("#sign-in button"),
	)
	b.Until(`document.getElementById("sign-in-error").textContent.includes("three parts")`)
	webtest.Eval[any](b, `document.getElementById("sign-in").reset(); null`)
	b.Run(chromedp.SendKeys("#token", token("visitor", "Visitor", "GENERAL")))
	b.Until(`document.getElementById("channel-input").value === "harbour"`)
	b.Run(chromedp.Click("#sign-in button"))
	b.Until(`document.querySelectorAll(".station").length === 4`)
	b.UntilPhase("idle")
	if text := webtest.Eval[string](b, `document.querySelector("main").innerText`); strings.Contains(text, "talk right\n") || strings.Contains(text, "Latch") {
		t.Errorf("a member without the role to manage is offered to: %s", text)
	}

	hub.expire()
	b.UntilPhase("signed-out")
	b.Until(`document.getElementById("sign-in-error").textContent.includes("expired")`)
	if webtest.Eval[string](b, `document.getElementById("token").value`) != "" {
		t.Error("the token is still in the form")
	}
}
