package web_test

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// controlBoxes is where each control in view is, from the top left of the document or, for
// what is fixed to the window, of the window.
const controlBoxes = `Object.fromEntries([...document.querySelectorAll("button, a, input")]
	.filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.classList.contains("skip"))
	.map((e, i) => {
		const { x, y, width, height } = e.getBoundingClientRect();
		const name = (e.closest("[data-user]")?.dataset.user ?? "") + " " + (e.id || e.className);
		return [name, [x, y, width, height]];
	}))`

// twoFrames is true once the page was laid out and painted twice.
const twoFrames = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`

// TestNoControlMoves takes the page through its states at many widths: whatever the state,
// every control that was there before is where it was.
func TestNoControlMoves(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	for _, size := range [][2]int64{{360, 720}, {640, 360}, {820, 900}, {821, 700}, {1000, 700}, {1280, 860}, {1920, 1080}, {3840, 2160}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			b := b.For(t)
			hub := newMockHub(t, gates...)
			b.Look(size[0], size[1], "dark")
			b.Run(chromedp.Navigate(hub.URL))
			b.Until(`document.querySelectorAll(".station").length === 4`)
			b.Run(chromedp.Click("#join-talk"))
			b.Until(ready)
			// A press leaves a focus ring and an active look.
			want := webtest.Eval[map[string][]float64](b, `scrollTo(0, 0), `+controlBoxes)
			if len(want) < 8 {
				t.Fatalf("only %d controls: %v", len(want), want)
			}
			stays := func(state string) {
				t.Helper()
				if width := webtest.Eval[int64](b, "document.documentElement.scrollWidth"); width > size[0] {
					t.Errorf("%s: the page is %d px wide", state, width)
				}
				b.Until(twoFrames)
				got := webtest.Eval[map[string][]float64](b, controlBoxes)
				for name, box := range want {
					for i, v := range got[name] {
						if math.Abs(v-box[i]) > 0.5 {
							t.Errorf("%s: %q moves from %v to %v", state, name, box, got[name])
							break
						}
					}
					if got[name] == nil {
						t.Errorf("%s: %q is gone", state, name)
					}
				}
			}
			for name, state := range channelStates() {
				hub.send("state", state)
				hub.send("notice", object{"kind": "released", "userId": "n", "text": "now " + name})
				b.Until(fmt.Sprintf(`document.getElementById("log").textContent.includes(%q)`, "now "+name))
				stays(name)
			}
			hub.send("state", quiet())
			hub.send("radio", object{"name": "north-gate", "pressed": true, "state": "revoked", "reason": "the right to talk was taken away by somebody", "level": -10.0,
				"lamps": object{"talk": true, "busy": true, "alert": true, "link": true, "emergency": true},
				"radio": object{"microphone": object{"dBFS": -20.0, "clipped": 3}, "talk": object{"leftS": 3, "budgetLeftS": 4, "place": 2, "locked": true, "pauses": true}}})
			b.Until(`document.querySelector("[data-lamp=emergency]").dataset.on === "true"`)
			stays("a radio with much to say")

			for phase, answer := range map[string]object{
				"denied":  {"granted": false, "reason": "busy", "holder": object{"userId": "n", "userName": "north-gate of the very long name that wraps"}},
				"talking": {"granted": true, "epoch": 5},
			} {
				status := 200
				if phase == "denied" {
					status = http.StatusConflict
				}
				hub.grant(status, answer)
				b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
				b.UntilPhase(phase)
				stays(phase)
				b.Run(webtest.Up(" "))
			}
			b.UntilPhase("idle")
			hub.CloseClientConnections()
			b.UntilPhase("hub-away")
			stays("the hub is away")
		})
	}
}

// channelStates are states of a channel that make the page say much and little.
func channelStates() map[string]object {
	holder := func(o object) object {
		return object{"userId": "n", "userName": "north-gate", "since": time.Now().UnixMilli(), "epoch": 4, "emergency": o["emergency"]}
	}
	left := quiet()
	left["members"] = left["members"].([]object)[:1]
	long := quiet()
	long["members"].([]object)[3]["userName"] = "Duty officer with a name that is far longer than any badge could ever be"
	return map[string]object{
		"busy":          with(quiet(), object{"holder": holder(object{})}),
		"emergency":     with(quiet(), object{"holder": holder(object{"emergency": true})}),
		"own emergency": with(mine(7), object{}),
		"no right":      rights(quiet(), false),
		"right unknown": rights(quiet(), nil),
		"redis away":    with(quiet(), object{"redis": false}),
		"members left":  left,
		"a long name":   long,
	}
}

// TestEmergencyEndsByTheSameHold begins an emergency and ends it with the mouse, or the finger, where it
// is, at every width.
func TestEmergencyEndsByTheSameHold(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	for _, width := range []int64{360, 1000, 1280} {
		hub := newMockHub(t, gates...)
		hub.answerEmergency(object{"granted": true, "epoch": 5})
		b.Look(width, 800, "dark")
		join(t, b, hub)
		at := webtest.Eval[[]float64](b, `(() => { const r = document.getElementById("emergency").getBoundingClientRect(); return [r.x + r.width / 2, r.bottom - 4]; })()`)
		press := chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, at[0], at[1], chromedp.ButtonLeft)
		release := chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, at[0], at[1], chromedp.ButtonLeft)
		if width < 600 { // a phone has no mouse
			finger := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) chromedp.Action[chromedp.Void] {
				return webtest.Call(input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
			}
			press = finger(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at[0], Y: at[1]})
			release = finger(input.DispatchTouchEventTypeTouchEnd)
		}
		if hit := webtest.Eval[string](b, fmt.Sprintf(`document.elementFromPoint(%f, %f).id`, at[0], at[1])); hit != "emergency" {
			t.Fatalf("%d px: at %v there is %q", width, at, hit)
		}
		b.Run(press)
		b.UntilPhase("talking")
		b.Run(release)
		own := mine(5)
		own["holder"].(object)["emergency"] = true
		hub.send("state", own)
		b.Until(`document.body.dataset.emergency === "yes"`)
		b.Run(press)
		b.Until(micShut)
		b.Run(release)
		webtest.Eventually(t, "the emergency ends", func() bool { return hub.count("DELETE "+floorPath) == 1 })
	}
}

// TestHungPageIsCutOff lets go of the button while the page hangs: the floor goes back
// without it.
func TestHungPageIsCutOff(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	hub.grant(200, object{"granted": true, "epoch": 5})
	join(t, b, hub)
	b.Run(webtest.Down(" "))
	hub.send("state", mine(5))
	b.UntilPhase("talking")
	webtest.Eval[any](b, `setTimeout(() => { window.hungSince = Date.now(); while (!window.over && Date.now() - window.hungSince < 6000); window.hung = Date.now(); }, 300); null`)
	webtest.Eventually(t, "the floor goes back", func() bool { return hub.count("DELETE "+floorPath) > 0 })
	back := time.Now().UnixMilli()
	b.Until("window.hung")
	if since, over := webtest.Eval[int64](b, "hungSince"), webtest.Eval[int64](b, "hung"); back >= over {
		t.Errorf("given back only after the page had hung for %d ms", over-since)
	} else {
		t.Logf("given back %d ms after the page began to hang", back-since)
	}
	b.Until(micShut)
}

// TestSilentMicrophoneIsSaid warns of a microphone that gives nothing.
func TestSilentMicrophoneIsSaid(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub + toneMicrophone)
	hub := newMockHub(t, gates...)
	hub.grant(200, object{"granted": true, "epoch": 5})
	join(t, b, hub)
	b.Run(webtest.Down(" "))
	hub.send("state", mine(5))
	b.UntilPhase("talking")
	b.Until(`document.getElementById("headline").textContent === "You are on air"`)
	webtest.Eval[any](b, `unplug(); null`)
	b.Until(`document.getElementById("headline").textContent === "You are not heard" &&
		document.getElementById("urgent").textContent.includes("no sound at all")`)
	b.Run(webtest.Up(" "))
	b.UntilPhase("idle")
}

// TestLostSessionIsOpenedAnew believes the hub when it says that the page does not listen
// any more, whatever the browser thinks of the connection.
func TestLostSessionIsOpenedAnew(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	join(t, b, hub)
	both := func(listening, sending bool) object {
		state := quiet()
		maps.Copy(state["members"].([]object)[0], object{"listening": listening, "sending": sending})
		return state
	}
	hub.send("state", both(true, true))
	b.Until(`document.querySelector("[data-user=visitor] .activity").textContent === "listening"`)
	hub.send("state", both(false, false))
	webtest.Eventually(t, "new sessions", func() bool {
		return hub.count("POST /whip/harbour") == 2 && hub.count("POST /whep/harbour") == 2
	})
	b.Until(ready)
}

// TestShortGapIsSatOut keeps a session whose path was in doubt for a moment.
func TestShortGapIsSatOut(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	join(t, b, hub)
	webtest.Eval[any](b, `talkConnection.become("disconnected"); talkConnection.become("connected");
		new Promise((done) => setTimeout(done, 1200))`)
	if n := hub.count("POST /whip/harbour"); n != 1 {
		t.Errorf("%d sessions were opened, want the first to be kept", n)
	}
	webtest.Eval[any](b, `talkConnection.become("disconnected"); null`)
	webtest.Eventually(t, "a session that stays lost is opened anew", func() bool { return hub.count("POST /whip/harbour") == 2 })
}

// TestSecondTabOffersToTakeOver says that another tab talks, and takes over when asked.
func TestSecondTabOffersToTakeOver(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	hub.elsewhere(true)
	b.Run(chromedp.Navigate(hub.URL), chromedp.Click("#join-talk"))
	b.Until(`!document.getElementById("take-over").hidden &&
		document.getElementById("detail").textContent.includes("another tab")`)
	b.Run(chromedp.Click("#take-over"))
	b.Until(ready)
	b.Until(`document.getElementById("take-over").hidden`)
	if n := hub.count("POST /whip/harbour takeover"); n != 1 {
		t.Errorf("took over %d times, want once", n)
	}
}

// TestPauseIsSaid tells a talker that the event was paused, and by whom.
func TestPauseIsSaid(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	hub.grant(200, object{"granted": true, "epoch": 5})
	join(t, b, hub)
	b.Run(webtest.Down(" "))
	hub.send("state", mine(5))
	b.UntilPhase("talking")
	hub.send("notice", object{"kind": "paused", "userId": "visitor", "text": "d1 paused the event: Visitor may press again at once"})
	hub.send("state", quiet())
	b.UntilPhase("revoked")
	b.Until(`document.getElementById("headline").textContent === "Paused" && document.getElementById("detail").textContent.includes("d1 paused the event")`)
	b.Run(webtest.Up(" "))
}

// TestPageBelowAPrefix works behind a proxy that puts the hub below a path.
func TestPageBelowAPrefix(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	hub.grant(200, object{"granted": true, "epoch": 5})
	target, err := url.Parse(hub.URL)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ptt/", http.StripPrefix("/ptt", &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}))
	proxy := httptest.NewServer(mux)
	t.Cleanup(func() { proxy.CloseClientConnections(); proxy.Close() })
	b.Run(chromedp.Navigate(proxy.URL+"/ptt/"), chromedp.Click("#join-talk"))
	b.Until(ready)
	b.Run(webtest.Down(" "))
	b.UntilPhase("talking")
	b.Run(webtest.Up(" "))
	b.UntilPhase("idle")
	b.Run(chromedp.Click("#leave"))
	webtest.Eventually(t, "the sessions end", func() bool {
		return hub.count("DELETE /whip/harbour/1") == 1 && hub.count("DELETE /whep/harbour/1") == 1
	})
	b.Run(chromedp.Navigate(proxy.URL + "/ptt/fleet.html"))
	b.Until(`!document.getElementById("console").hidden`)
}
