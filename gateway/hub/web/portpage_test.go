package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// mockPort answers the page of a port with whatever status the test wants.
type mockPort struct {
	*httptest.Server
	status atomic.Pointer[object]
	asked  atomic.Int64
	broken atomic.Bool // answers that it cannot
	hangs  atomic.Bool // takes requests, and never answers
}

func newMockPort(t *testing.T) *mockPort {
	m := &mockPort{}
	mux := http.NewServeMux()
	mux.Handle("/", web.Port())
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		if m.hangs.Load() {
			<-r.Context().Done()
			return
		}
		if m.broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		answer(w, 200, *m.status.Load())
	})
	m.Server = httptest.NewServer(mux)
	t.Cleanup(m.Close)
	return m
}

func (m *mockPort) be(changes object) {
	status := with(object{
		"channel": "gates", "userId": "hill", "userName": "Hill repeater", "version": "v1.4.0", "upS": 86400, "running": true, "onAir": true, "summary": "on air on channel gates",
		"state": "idle", "redis": true, "link": true, "rights": true, "emergency": false, "faults": []object{}, "radio": repeater()["radio"],
		"lamps":       object{"talk": false, "busy": false, "alert": false, "link": true, "emergency": false},
		"lines":       []object{{"name": "COR", "active": false, "says": "closed"}, {"name": "the readback of PTT-out", "active": false, "says": "inactive"}},
		"speakerDBFS": -96, "talked": object{"Sent": 1200, "Unsent": 0, "Skipped": 0}, "heard": object{"Played": 4000, "Lost": 3, "Late": 1},
		"xruns": 0, "rttMs": 21.4, "board": object{"celsius": 51.2},
	}, changes)
	m.status.Store(&status)
}

// TestPortPageLooks walks the page of a port through what it can show, at the sizes and
// in the colours it can have.
func TestPortPageLooks(t *testing.T) {
	b := webtest.Start(t)
	b.Before(`window.text = (id) => document.getElementById(id).innerText.replace(/\s+/g, " ").trim();`)
	port := newMockPort(t)
	lamps := func(lit ...string) object {
		all := object{"talk": false, "busy": false, "alert": false, "link": true, "emergency": false}
		for _, l := range lit {
			all[l] = true
		}
		return all
	}
	for _, size := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"phone light", 390, 844, "light"}, {"phone dark", 390, 844, "dark"}, {"small light", 320, 560, "light"},
		{"desk light", 1280, 860, "light"}, {"desk dark", 1280, 860, "dark"},
	} {
		b.Look(size.width, size.height, size.scheme)
		port.be(nil)
		b.Run(chromedp.Navigate(port.URL))
		for _, step := range []struct {
			phase  string
			status object
			says   map[string]string
		}{
			{phase: "idle", says: map[string]string{"headline": "Channel is free", "name": "Hill repeater",
				"connections": "Link up Redis up Talk right given", "lines-list": "COR closed Readback of PTT-out inactive"}},
			{phase: "talking", status: object{"state": "talking", "lamps": lamps("talk"), "lines": []object{{"name": "COR", "active": true, "says": "open"}},
				"radio": repeater(object{"squelch": object{"open": true, "state": "open"}, "talk": object{"leftS": 22}, "microphone": object{"dBFS": -9}})["radio"]},
				says: map[string]string{"headline": "Talking", "detail": "on gates", "lines-list": "COR open"}},
			{phase: "busy", status: object{"holder": "south", "holderName": "South gate", "lamps": lamps("busy"), "speakerDBFS": -14.0,
				"radio":    repeater(object{"transmitter": object{"keyed": true}})["radio"],
				"selector": []string{"gates", "yards"}, "channels": []object{
					{"id": "gates", "talk": true, "heard": true, "taken": true, "holder": "south", "holderName": "South gate"}, {"id": "docks", "heard": false, "taken": false}}},
				says: map[string]string{"headline": "South gate", "detail": "is talking on gates",
					"channels-list": "gates talks here, South gate is talking, heard now yards on the selector docks listened to"}},
			{phase: "denied", status: object{"state": "refused", "why": "the right to talk was taken away", "onAir": false, "rights": false, "lamps": lamps("alert"),
				"summary": "on channel gates, waiting for talk rights",
				"faults":  []object{{"check": "talk rights", "found": "hill may not talk on gates", "do": "talkgate rights grant hill gates"}}},
				says: map[string]string{"headline": "May not talk", "detail": "The right to talk was taken away. Only a fresh press asks again.",
					"faults-list": "Talk rights Hill may not talk on gates. talkgate rights grant hill gates", "connections": "Link up Redis up Talk right none"}},
			{phase: "off-air", status: object{"onAir": false, "link": false, "linkFault": "token_expired", "lamps": object{"alert": true}, "rttMs": 0, "board": object{},
				"summary": "on channel gates, waiting for the link (token expired)", "faults": []object{
					{"check": "link", "found": "the token has expired", "do": "have the control plane make a new one"},
					{"check": "PTT-out", "found": "the transmitter transmits unasked", "do": "see PTT-out, its wire and its readback"}},
				"radio": repeater(object{"transmitter": object{"cooling": true, "waitingS": 7, "lostS": 65, "fault": "stuck_keyed"}, "talk": object{"penaltyLeftS": 5, "locked": true},
					"squelch": object{"chatters": true, "ignored": 9}})["radio"]},
				says: map[string]string{"headline": "Not on air", "connections": "Link token expired Redis up Talk right given"}},
			{phase: "busy", status: object{"emergency": true, "holder": "c", "holderName": "Control room", "lamps": lamps("busy", "emergency")},
				says: map[string]string{"headline": "Emergency: Control room", "urgent": "Emergency: Control room. talks to all channels of the event"}},
		} {
			port.be(step.status)
			for id, said := range step.says {
				b.Until(fmt.Sprintf(`text(%q) === %q`, id, said))
			}
			b.UntilPhase(step.phase)
			fits(t, b, size.name+" "+step.phase, size.width)
		}
		if !webtest.Eval[bool](b, `document.querySelectorAll("button, input, select, textarea, form").length === 0`) {
			t.Error("there is something to press on a page that only looks")
		}

		// What does not answer is old, whatever it said last, until it answers again.
		port.broken.Store(true)
		b.UntilPhase("old")
		b.Until(`text("headline") === "No answer from the port" && text("detail").endsWith("What you see is old.") && /^AS IT WAS AT .* AGO$/i.test(text("age"))`)
		b.Until(`document.querySelector(".hears").ariaValueNow === "-60" && document.querySelector(".mic").ariaValueNow === "-60"`)
		fits(t, b, size.name+" old", size.width)
		port.broken.Store(false)
		b.UntilPhase("busy")
	}
}

// TestPortPageAsks only while it is looked at, and again when an answer does not come.
func TestPortPageAsks(t *testing.T) {
	b := webtest.Start(t)
	port := newMockPort(t)
	port.be(nil)
	b.Run(chromedp.Navigate(port.URL))
	b.UntilPhase("idle")
	port.hangs.Store(true)
	b.UntilPhase("old")
	port.hangs.Store(false)
	b.UntilPhase("idle")

	pause := func() { webtest.Eval[any](b, `new Promise((resolve) => setTimeout(resolve, 1000)).then(() => null)`) }
	look := func(away bool) {
		webtest.Eval[any](b, fmt.Sprintf(`Object.defineProperty(document, "hidden", { value: %v, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); null`, away))
	}
	look(true)
	pause()
	before := port.asked.Load()
	pause()
	if n := port.asked.Load(); n != before {
		t.Errorf("nobody looks, and yet the port is asked %d times in a second", n-before)
	}
	look(false)
	webtest.Eventually(t, "the port is asked again", func() bool { return port.asked.Load() > before })
	b.UntilPhase("idle")
}

// fits keeps a picture of the page, and wants it no wider than the window and legible.
func fits(t *testing.T, b *webtest.Browser, what string, width int64) {
	t.Helper()
	if wide := webtest.Eval[int64](b, "document.documentElement.scrollWidth"); wide > width {
		t.Errorf("%s: the page is %d px wide", what, wide)
	}
	if faint := webtest.Eval[[]string](b, faintText); len(faint) > 0 {
		t.Errorf("%s: hard to read: %q", what, faint)
	}
	b.Shoot("port " + what)
}
