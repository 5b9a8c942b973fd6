package web_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

var gates = []object{{"name": "north-gate", "userId": "n"}, {"name": "south-gate", "userId": "s"}}

// TestLooks walks the page through all it can show, at the sizes and in the
// colours it can have, and keeps pictures of it.
func TestLooks(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	since := func() int64 { return time.Now().Add(-7 * time.Second).UnixMilli() }
	lit := func(name, lamp, state, reason string, level float64) object {
		lamps := object{"talk": false, "busy": false, "alert": false, "link": true}
		lamps[lamp] = true
		return object{"name": name, "pressed": lamp == "talk", "lamps": lamps, "level": level, "state": state, "reason": reason}
	}
	for _, size := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"desktop dark", 1280, 860, "dark"}, {"desktop light", 1280, 860, "light"},
		{"phone dark", 360, 720, "dark"}, {"phone light", 360, 720, "light"},
		{"tiny light", 320, 560, "light"},
	} {
		hub := newMockHub(t, gates...)
		shoot := func(phase string) {
			t.Helper()
			b.UntilPhase(phase)
			// A phone's browser widens innerWidth to what does not fit.
			if width := webtest.Eval[int64](b, "document.documentElement.scrollWidth"); width > size.width {
				t.Errorf("%s, %s: the page is %d px wide", size.name, phase, width)
			}
			if faint := webtest.Eval[[]string](b, faintText); len(faint) > 0 {
				t.Errorf("%s, %s: hard to read: %q", size.name, phase, faint)
			}
			b.Shoot(size.name + " " + phase)
		}
		b.Look(size.width, size.height, size.scheme)
		b.Run(chromedp.Navigate(hub.URL))
		webtest.Eventually(t, "the page watches the radios", func() bool { return hub.watched("/demo/radios/events") })
		hub.send("radio", lit("north-gate", "link", "idle", "", -60))
		hub.send("radio", lit("south-gate", "link", "idle", "", -60))
		b.UntilPhase("idle")
		b.Shoot(size.name + " not joined")

		b.Run(chromedp.Click("#join-talk"))
		b.Until(`document.querySelector("#health-microphone dd").textContent === "closed"`)
		shoot("idle")

		hub.send("state", with(quiet(), object{"holder": object{"userId": "n", "userName": "north-gate", "since": since(), "epoch": 4}}))
		hub.send("levels", object{"levels": object{"n": -14.0}})
		hub.send("radio", lit("north-gate", "talk", "talking", "", -60))
		hub.send("radio", lit("south-gate", "busy", "idle", "", -17))
		hub.send("notice", object{"kind": "granted", "userId": "n", "text": "north-gate has the floor"})
		shoot("busy")

		hub.grant(409, object{"granted": false, "reason": "busy", "holder": object{"userId": "n", "userName": "north-gate"}})
		b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
		shoot("denied")
		b.Run(webtest.Up(" "))

		hub.send("state", quiet())
		hub.send("radio", lit("north-gate", "alert", "revoked", "talk right taken away", -60))
		hub.send("radio", lit("south-gate", "link", "idle", "", -60))
		b.UntilPhase("idle")
		hub.grant(200, object{"granted": true, "epoch": 5})
		b.Run(webtest.Down(" "))
		mine := with(quiet(), object{"holder": object{"userId": "visitor", "userName": "Visitor", "since": since(), "epoch": 5}})
		hub.send("state", mine)
		hub.send("levels", object{"levels": object{"visitor": -20.0}})
		shoot("talking")

		revoked := quiet()
		revoked["members"].([]object)[0]["rights"] = false
		hub.send("state", revoked)
		hub.send("notice", object{"kind": "revoked", "userId": "visitor", "text": "Visitor’s talk right was taken away"})
		shoot("revoked")
		b.Run(webtest.Up(" "))

		hub.send("state", with(quiet(), object{"redis": false}))
		shoot("redis-away")
		hub.CloseClientConnections()
		hub.Listener.Close()
		shoot("hub-away")
	}
	hub := newMockHub(t)
	b.Look(360, 720, "dark")
	b.Run(chromedp.Navigate(hub.URL))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Shoot("signed out")
}

// faintText lists the texts in view whose contrast with their ground is below
// 4.5:1 (WCAG 2.2, 1.4.3).
const faintText = `(() => {
	const rgb = (color) => color.match(/[\d.]+/g).map(Number);
	const luminance = (c) => {
		const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	const faint = [];
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const text = texts.currentNode.data.trim(), e = texts.currentNode.parentElement;
		if (text === "" || !e.checkVisibility() || e.closest(".visually-hidden, :disabled")) continue;
		const [a, b] = [luminance(rgb(getComputedStyle(e).color)), luminance(ground(e))];
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (contrast < 4.5) faint.push(text + " " + contrast.toFixed(2));
	}
	return faint;
})()`
