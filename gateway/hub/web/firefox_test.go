package web_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// The same pages in Firefox: what differs from Chromium there is ICE's states, workers,
// layout and sound.

func joinFirefox(t *testing.T, f *webtest.Firefox, hub *mockHub) {
	t.Helper()
	f.Open(hub.URL)
	f.Until(`!document.getElementById("join").hidden && document.querySelectorAll(".station").length === 4`)
	f.Click("#join-talk")
	f.Until(ready)
}

func TestFirefox(t *testing.T) {
	f := webtest.StartFirefox(t)
	f.Before(peerConnectionStub + toneMicrophone)
	t.Run("talks, and gives the floor back", func(t *testing.T) {
		f := f.For(t)
		hub := newMockHub(t, gates...)
		hub.grant(200, object{"granted": true, "epoch": 5})
		joinFirefox(t, f, hub)
		f.Hold("#talk")
		f.Until(`document.body.dataset.phase === "talking" && ` + micOpen)
		f.Release()
		f.Until(`document.body.dataset.phase === "idle" && ` + micShut)
		webtest.Eventually(t, "the floor is given back", func() bool { return hub.count("DELETE "+floorPath) == 1 })
	})
	t.Run("a hung page is cut off", func(t *testing.T) {
		f := f.For(t)
		hub := newMockHub(t, gates...)
		hub.grant(200, object{"granted": true, "epoch": 5})
		joinFirefox(t, f, hub)
		f.Key(" ", true)
		hub.send("state", mine(5))
		f.Until(`document.body.dataset.phase === "talking"`)
		webtest.EvalFirefox[any](f, `(setTimeout(() => { window.hungSince = Date.now(); while (Date.now() - window.hungSince < 6000); window.hung = Date.now(); }, 300), null)`)
		webtest.Eventually(t, "the floor goes back", func() bool { return hub.count("DELETE "+floorPath) > 0 })
		back := time.Now().UnixMilli()
		f.Until("window.hung")
		since, over := webtest.EvalFirefox[int64](f, "hungSince"), webtest.EvalFirefox[int64](f, "hung")
		if back >= over {
			t.Errorf("given back only after the page had hung for %d ms", over-since)
		}
		t.Logf("given back %d ms after the page began to hang", back-since)
		f.Key(" ", false)
	})
	t.Run("a short gap is sat out", func(t *testing.T) {
		f := f.For(t)
		hub := newMockHub(t, gates...)
		joinFirefox(t, f, hub)
		webtest.EvalFirefox[any](f, `(talkConnection.become("disconnected"), talkConnection.become("connected"), new Promise((done) => setTimeout(done, 1200)))`)
		if n := hub.count("POST /whip/harbour"); n != 1 {
			t.Errorf("%d sessions were opened, want the first to be kept", n)
		}
	})
	t.Run("a silent microphone is said", func(t *testing.T) {
		f := f.For(t)
		hub := newMockHub(t, gates...)
		hub.grant(200, object{"granted": true, "epoch": 5})
		joinFirefox(t, f, hub)
		f.Hold("#talk")
		hub.send("state", mine(5))
		f.Until(`document.getElementById("headline").textContent === "You are on air"`)
		webtest.EvalFirefox[any](f, `(unplug(), null)`)
		f.Until(`document.getElementById("headline").textContent === "You are not heard"`)
		f.Release()
	})
	for _, size := range [][2]int64{{360, 720}, {1000, 700}, {1920, 1080}} {
		t.Run(fmt.Sprintf("no control moves at %dx%d", size[0], size[1]), func(t *testing.T) {
			f := f.For(t)
			hub := newMockHub(t, gates...)
			f.Look(size[0], size[1])
			joinFirefox(t, f, hub)
			f.Until(fmt.Sprintf("innerWidth === %d", size[0]))
			f.Until(twoFrames)
			want := webtest.EvalFirefox[map[string][]float64](f, `(scrollTo(0, 0), `+controlBoxes+`)`)
			for name, state := range channelStates() {
				hub.send("state", state)
				hub.send("notice", object{"kind": "released", "userId": "n", "text": "now " + name})
				f.Until(fmt.Sprintf(`document.getElementById("log").textContent.includes(%q)`, "now "+name))
				f.Until(twoFrames)
				got := webtest.EvalFirefox[map[string][]float64](f, controlBoxes)
				for control, box := range want {
					for i, v := range box {
						if got[control] == nil || math.Abs(v-got[control][i]) > 0.5 {
							t.Errorf("%s: %q moves from %v to %v", name, control, box, got[control])
							break
						}
					}
				}
			}
			if width := webtest.EvalFirefox[int64](f, "document.documentElement.scrollWidth"); width > size[0] {
				t.Errorf("the page is %d px wide", width)
			}
		})
	}
	t.Run("an emergency is shown and sounded at the console", func(t *testing.T) {
		f := f.For(t)
		hub := fleetHub(t, 40)
		f.Look(1440, 900)
		// On a machine without a sound card Firefox starts no sound.
		f.Before(`Object.defineProperty(AudioContext.prototype, "state", { get: () => "running" }); window.siren = []; window.OscillatorNode = class extends OscillatorNode { start(at) { window.siren.push(Date.now()); super.start(at); } };`)
		f.Open(hub.URL + "/fleet.html")
		webtest.EvalFirefox[any](f, fmt.Sprintf(`(document.getElementById("token").value = %q, null)`, token("visitor", "Visitor", "DISPATCH")))
		f.Click("#sign-in button")
		f.Until(`document.querySelectorAll(".row").length > 0 && document.querySelector("#health-alarm dd").textContent === "ready"`)
		hub.emergencies(emergencyObject(30, nil))
		sent := time.Now().UnixMilli()
		f.Until(`document.getElementById("emergency").dataset.state === "waiting" && siren.length > 0 && document.title.startsWith("EMERGENCY")`)
		t.Logf("sounded %d ms after the hub told", webtest.EvalFirefox[int64](f, "siren[0]")-sent)
		f.Click("#acknowledge")
		webtest.Eventually(t, "the hub is told", func() bool { return hub.count("POST /api/emergencies/acknowledge") == 1 })
	})
	t.Run("a talk spurt is recalled", func(t *testing.T) {
		f := f.For(t)
		hub := fleetHub(t, 10)
		hub.past = []object{{"id": 12, "userId": "gate-0002", "userName": "Gate 2", "since": time.Now().Add(-time.Minute).UnixMilli(), "length": 2000, "ended": "released"}}
		f.Before(`window.AudioBufferSourceNode = class extends AudioBufferSourceNode { start(...a) { window.sounded = this.buffer.duration; super.start(...a); } };`)
		f.Open(hub.URL + "/fleet.html")
		webtest.EvalFirefox[any](f, fmt.Sprintf(`(document.getElementById("token").value = %q, null)`, token("visitor", "Visitor", "DISPATCH")))
		f.Click("#sign-in button")
		f.Until(`document.querySelector('[data-play="12"]')`)
		f.Click(`[data-play="12"]`)
		f.Until(`Math.abs(window.sounded - 2) < 0.1`)
	})
}
