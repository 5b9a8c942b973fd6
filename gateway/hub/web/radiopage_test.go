package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// repeater is a radio with all there is, at rest but for what changes say.
func repeater(changes ...object) object {
	status := object{
		"microphone":  object{"dBFS": -18, "clipped": 0, "gateOpen": true, "agcDB": 4, "limited": 0},
		"squelch":     object{"line": "COR", "open": false, "state": "closed", "chatters": false, "ignored": 0},
		"transmitter": object{"keyed": false, "cooling": false, "waitingS": 0, "lostS": 0, "identDue": false},
		"talk":        object{"leftS": nil, "budgetLeftS": 150, "penaltyLeftS": 0, "place": 0, "locked": false, "pauses": false},
	}
	for _, change := range changes {
		for part, to := range change {
			status[part] = with(status[part].(object), to.(object))
		}
	}
	return object{"name": "hill", "pressed": false, "level": -60, "state": "idle",
		"lamps": object{"talk": false, "busy": false, "alert": false, "link": true}, "radio": status}
}

// TestRadioOnThePage: a radio's squelch, transmitter, timers and levels are shown as
// they change, those of a handheld are not; its keys work from the keyboard; and
// all can be read at every size.
func TestRadioOnThePage(t *testing.T) {
	hub := newMockHub(t, object{"name": "north-gate", "userId": "n"},
		object{"name": "hill", "userId": "s", "receives": true, "lock": "*12342#", "unlock": "*12343#"})
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	b.Before(`window.strip = (id) => document.querySelector('.station[data-user="' + id + '"]');
		window.said = (id) => [...strip(id).querySelectorAll(".facts div")].map((e) => e.innerText.replace(/\s+/g, " ") + " (" + e.dataset.is + ")");
		window.lamp = (name) => strip("s").querySelector('[data-lamp="' + name + '"]');`)
	b.Look(1280, 860, "dark")
	b.Run(chromedp.Navigate(hub.URL))
	webtest.Eventually(t, "the page watches the radios", func() bool { return hub.watched("/demo/radios/events") })
	handheld := repeater()
	handheld["name"] = "north-gate"
	handheld["radio"] = object{
		"microphone": object{"dBFS": -96, "clipped": 0, "gateOpen": nil, "agcDB": nil, "limited": nil},
		"talk":       object{"leftS": nil, "budgetLeftS": nil, "penaltyLeftS": 0, "place": 0, "locked": nil, "pauses": false},
	}
	hub.send("radio", handheld)
	b.Until(`strip("n").querySelector('[data-lamp="link"]').dataset.on === "true"`)
	if !webtest.Eval[bool](b, `[".facts div", ".mic:not([hidden])", ".dial:not([hidden])", '[data-lamp="keyed"]:not([hidden])', '[data-lamp="squelch"]:not([hidden])']
		.every((s) => strip("n").querySelector(s) === null)`) {
		t.Error("a handheld shows a repeater's parts")
	}

	for _, step := range []struct {
		name   string
		status object
		want   []string
		lit    string // which lamps
	}{
		{"at rest", object{}, []string{"Squelch closed (rest)", "Transmitter off (rest)", "Talk budget 2:30 (rest)", "AGC +4 dB (rest)"}, ""},
		{"received", object{
			"squelch": object{"open": true, "state": "open"}, "talk": object{"leftS": 4, "budgetLeftS": 120, "pauses": true},
			"microphone": object{"dBFS": -3, "clipped": 12, "limited": 480, "agcDB": -2},
		}, []string{"Squelch open (good)", "Transmitter off (rest)", "Cut in 0:04 (alert)", "Talk budget 2:00 (rest)", "DTX pause (rest)", "AGC −2 dB (rest)",
			"Limiter turns down (busy)", "Clip at the card (alert)"}, "squelch"},
		{"keyed", object{
			"squelch": object{"state": "deaf", "open": true}, "transmitter": object{"keyed": true, "identDue": true},
			"microphone": object{"clipped": 12, "limited": 480},
		}, []string{"Squelch deaf (rest)", "Transmitter keyed (air)", "Ident due (busy)", "Talk budget 2:30 (rest)", "AGC +4 dB (rest)"}, "squelch keyed"},
		{"everything", object{
			"squelch":     object{"state": "held", "chatters": true, "ignored": 9},
			"transmitter": object{"cooling": true, "waitingS": 7, "lostS": 65, "identDue": true, "fault": "stuck_keyed"},
			"talk":        object{"penaltyLeftS": 5, "budgetLeftS": 0, "place": 2, "locked": true},
			"microphone":  object{"clipped": 13, "limited": 481, "gateOpen": false},
		}, []string{"Squelch held (busy)", "Chatter 9 ignored (alert)", "Transmitter cooling down (alert)", "Not sent 1:05 (alert)", "Ident due (busy)",
			"Fault stuck keyed (alert)", "Penalty 0:05 (alert)", "Talk budget 0:00 (alert)", "Queue number 2 (busy)", "Talking locked by DTMF (alert)",
			"Gate shut (rest)", "AGC +4 dB (rest)", "Limiter turns down (busy)", "Clip at the card (alert)"}, ""},
	} {
		hub.send("radio", repeater(step.status))
		want, _ := json.Marshal(step.want)
		// A mark of the step before stays for a while.
		b.Until(fmt.Sprintf(`JSON.stringify(said("s")) === %q`, want))
		for _, name := range []string{"squelch", "keyed"} {
			if lit := webtest.Eval[string](b, fmt.Sprintf(`lamp(%q).dataset.on`, name)); lit != fmt.Sprint(strings.Contains(step.lit, name)) {
				t.Errorf("%s: the lamp %s is lit: %s", step.name, name, lit)
			}
		}
		b.Shoot("repeater " + step.name)
	}
	for _, size := range []struct{ width, height int64 }{{1280, 860}, {360, 720}, {320, 560}} {
		for _, scheme := range []string{"dark", "light"} {
			b.Look(size.width, size.height, scheme)
			if width := webtest.Eval[int64](b, "document.documentElement.scrollWidth"); width > size.width {
				t.Errorf("at %d px the page is %d px wide", size.width, width)
			}
			if faint := webtest.Eval[[]string](b, faintText); len(faint) > 0 {
				t.Errorf("at %d px, %s: hard to read: %q", size.width, scheme, faint)
			}
			b.Run(chromedp.ScrollIntoView(`.station[data-user="s"]`))
			b.Shoot(fmt.Sprintf("repeater %d %s", size.width, scheme))
		}
	}

	// By keyboard: call in, unlock, and lock again.
	asked := func(request string, n int) {
		t.Helper()
		webtest.Eventually(t, request, func() bool { return hub.count(request) == n })
	}
	b.Run(chromedp.Focus(`[aria-label="Hold to call in over hill"]`), webtest.Down("Enter"))
	asked("POST /demo/radios/hill/press", 1)
	b.Run(webtest.Up("Enter"))
	asked("POST /demo/radios/hill/release", 1)
	b.Run(chromedp.Focus(`[aria-label="Unlock by DTMF: hill"]`), webtest.Tap("Enter"))
	asked("POST /demo/radios/hill/dial/*12343#", 1)
	hub.send("radio", repeater())
	b.Run(chromedp.Focus(`[aria-label="Lock by DTMF: hill"]`), webtest.Tap("Enter"))
	asked("POST /demo/radios/hill/dial/*12342#", 1)

	hub.CloseClientConnections()
	b.Until(`said("s").length === 0 || strip("s").querySelector(".facts").hidden`)
}
