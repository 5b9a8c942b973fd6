package web_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

func emergencyObject(n int, change object) object {
	return with(object{
		"id": fmt.Sprintf("harbour/gate-%04d/1", n), "userId": fmt.Sprintf("gate-%04d", n), "userName": fmt.Sprintf("Gate %d", n),
		"channel": "harbour", "channels": []string{"harbour", "yards"}, "since": time.Now().Add(-time.Second).UnixMilli(), "acknowledged": nil,
	}, change)
}

func (m *mockHub) emergencies(all ...object) { m.send("emergencies", object{"emergencies": all}) }

// TestEmergencyAtTheConsole shows and sounds an emergency at every width within a second,
// with who, where and since when, until it is acknowledged, and moves no control.
func TestEmergencyAtTheConsole(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub + `
		window.siren = [];
		window.OscillatorNode = class extends OscillatorNode { start(at) { window.siren.push(Date.now()); super.start(at); } };
		addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
			if (document.getElementById("emergency").dataset.state === "waiting") window.shownAt ??= Date.now();
		}).observe(document.getElementById("emergency"), { attributes: true }));`)
	for _, size := range [][2]int64{{360, 720}, {640, 360}, {1000, 700}, {1440, 900}, {3840, 2160}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			b := b.For(t)
			hub := fleetHub(t, 40)
			b.Look(size[0], size[1], "dark")
			openFleet(t, b, hub, "DISPATCH")
			b.Until(`document.querySelectorAll(".row").length > 0 && document.querySelector("#health-alarm dd").textContent === "ready"`)
			boxes := webtest.Eval[map[string][]float64](b, controlBoxes)
			stays := func(when string) {
				t.Helper()
				got := webtest.Eval[map[string][]float64](b, controlBoxes)
				for name, box := range boxes {
					for i, v := range got[name] {
						if math.Abs(v-box[i]) > 0.5 {
							t.Errorf("%s: %q moves from %v to %v", when, name, box, got[name])
							break
						}
					}
				}
			}

			hub.emergencies(emergencyObject(30, nil))
			sent := time.Now().UnixMilli()
			b.Until(`window.shownAt && window.siren.length > 0`)
			for what, at := range map[string]int64{"shown": webtest.Eval[int64](b, "shownAt"), "sounded": webtest.Eval[int64](b, "siren[0]")} {
				t.Logf("%s %d ms after the hub told", what, at-sent)
				if at-sent > 1000 {
					t.Errorf("%s %d ms after the hub told, want 1 s at most", what, at-sent)
				}
			}
			text := webtest.Eval[string](b, `document.getElementById("emergency").innerText`)
			if !webtest.Eval[bool](b, `(() => { const e = document.getElementById("emergency").getBoundingClientRect(); return e.top >= 0 && e.bottom <= innerHeight && e.right <= innerWidth; })()`) {
				t.Error("it is not in view")
			}
			b.Until(`/Gate 30.*on harbour and 1 more.*since \d\d:\d\d:\d\d/s.test(document.getElementById("emergency").innerText)`)
			b.Until(`document.querySelector('link[rel=icon]').getAttribute("href") === "favicon-emergency.svg" && document.title.startsWith("EMERGENCY Gate 30")`)
			b.Until(`document.getElementById("urgent").textContent.includes("Gate 30 on harbour")`)
			b.Until(`document.querySelector('.row[aria-rowindex="2"]').dataset.id === "gate-0030" && document.querySelector('.row[aria-rowindex="2"]').dataset.rank === "emergency"`)
			stays(text)
			if width := webtest.Eval[int64](b, "document.documentElement.scrollWidth"); width > size[0] {
				t.Errorf("the page is %d px wide", width)
			}
			if faint := webtest.Eval[[]string](b, faintText); len(faint) > 0 {
				t.Errorf("hard to read: %q", faint)
			}
			b.Shoot(fmt.Sprintf("emergency %d", size[0]))
			webtest.Eval[any](b, `siren.length = 0; null`)
			b.Until(`siren.length > 0`) // it goes on

			b.Run(chromedp.Click("#acknowledge"))
			webtest.Eventually(t, "the hub is told", func() bool { return hub.count("POST /api/emergencies/acknowledge") == 1 })
			hub.emergencies(emergencyObject(30, object{"acknowledged": object{"by": "Duty officer", "at": time.Now().UnixMilli()}}))
			b.Until(`document.getElementById("emergency").dataset.state === "known" && document.getElementById("emergency").innerText.includes("acknowledged by Duty officer")`)
			b.Until(`document.querySelector('link[rel=icon]').getAttribute("href") === "favicon.svg"`)
			stays("acknowledged")
			webtest.Eval[any](b, `siren.length = 0; new Promise((done) => setTimeout(done, 2000))`)
			if n := webtest.Eval[int](b, "siren.length"); n > 0 {
				t.Errorf("it sounds %d times after it was acknowledged", n)
			}
			hub.emergencies(emergencyObject(30, object{"ended": time.Now().UnixMilli(), "acknowledged": object{"by": "Duty officer", "at": time.Now().UnixMilli()}}))
			b.Until(`document.getElementById("emergency").dataset.state === "over" && document.getElementById("emergency").innerText.includes("ended after")`)
			b.Until(`document.querySelector('.row[aria-rowindex="2"]').dataset.id !== "gate-0030"`)
			stays("ended")
		})
	}
}

// TestSecondEmergencyIsNotAcknowledgedUnseen takes a double click for one.
func TestSecondEmergencyIsNotAcknowledgedUnseen(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := fleetHub(t, 40)
	openFleet(t, b, hub, "DISPATCH")
	hub.emergencies(emergencyObject(30, nil), emergencyObject(31, nil))
	b.Until(`document.getElementById("emergency").innerText.includes("1 more to acknowledge")`)
	b.Run(chromedp.Click("#acknowledge"), chromedp.Click("#acknowledge"))
	webtest.Eventually(t, "one is acknowledged", func() bool { return hub.count("POST /api/emergencies/acknowledge") == 1 })
	b.Until(`new Promise((done) => setTimeout(done, 300, true))`)
	if n := hub.count("POST /api/emergencies/acknowledge"); n != 1 {
		t.Errorf("%d are acknowledged by a double click, want 1", n)
	}
}
