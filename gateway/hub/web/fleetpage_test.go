package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// gatewayObject is a gateway that is well, as the hub tells of it.
func gatewayObject(n int, change object) object {
	return with(object{
		"id": fmt.Sprintf("gate-%04d", n), "name": fmt.Sprintf("Gate %d", n), "group": []string{"north", "south", "harbour"}[n%3],
		"channel": []string{"harbour", "yards", "gates"}[n%3], "version": "v1.4.0", "live": true, "seen": time.Now().UnixMilli(), "up": 86400 * (n%9 + 1),
		"onAir": true, "summary": "on air on channel gates", "rights": true, "xruns": n % 4,
		"lamps": object{"link": true, "talk": false, "busy": false, "alert": false}, "state": "idle", "mic": -50.0 + float64(n%11), "speaker": -96,
		"link":    object{"up": true, "rttMs": 8.5 + float64(n%17), "in": object{"loss": 0.001 * float64(n%5), "jitterMs": 1.5}, "out": object{"loss": 0.0, "jitterMs": 2.25}},
		"celsius": 44.0 + float64(n%14), "config": 12, "configResult": "applied",
	}, change)
}

// fleetOf is n gateways, some of which need somebody.
func fleetOf(n int) object {
	all := []object{}
	for i := range n {
		var change object
		switch i {
		case 3:
			change = object{"name": "Quarry crane", "live": false, "onAir": false, "seen": time.Now().Add(-25 * time.Minute).UnixMilli(), "summary": "on air",
				"lamps": object{"link": false, "talk": false, "busy": false, "alert": false}}
		case 4:
			change = object{"name": "West gate", "onAir": false, "rights": false, "summary": "on channel yards, waiting for talk rights", "lamps": object{"link": false, "talk": false, "busy": false, "alert": true}}
		case 5:
			change = object{"name": "Boiler house", "celsius": 84.2, "throttled": []string{"under-voltage", "throttled"}}
		case 6:
			change = object{"name": "North gate", "lamps": object{"link": true, "talk": true, "busy": false, "alert": false}, "state": "talking", "mic": -11.0}
		case 7:
			change = object{"name": "Ferry 2", "link": object{"up": true, "rttMs": 240, "in": object{"loss": 0.09, "jitterMs": 31.0}, "out": object{"loss": 0.02, "jitterMs": 18.0}}}
		case 8:
			change = object{"name": "Old pump house", "configResult": "rolled-back", "configError": "lost the link", "config": 11, "version": "v1.3.2"}
		}
		all = append(all, gatewayObject(i, change))
	}
	return object{"redis": true, "gateways": all, "gone": []string{}}
}

func overviewObject() object {
	return object{"redis": true, "events": []string{"marathon"}, "channels": []object{
		{"id": "harbour", "event": "marathon", "holder": object{"userId": "gate-0006", "userName": "North gate", "since": time.Now().Add(-7 * time.Second).UnixMilli()}},
		{"id": "yards", "event": "marathon", "holder": nil},
		{"id": "gates", "holder": nil},
	}, "rollout": object{"version": 12, "author": "anna", "reason": "quieter tones", "at": time.Now().Add(-time.Hour).UnixMilli(),
		"state": "open", "canaries": 50, "passed": 50, "covered": 999, "applied": 998, "failed": 1}}
}

// fleetHub is a hub with n gateways.
func fleetHub(t *testing.T, n int) *mockHub {
	hub := newMockHub(t)
	hub.fleet = frame("overview", overviewObject()) + frame("gateways", fleetOf(n))
	at := time.Now().Add(-time.Minute).UnixMilli()
	hub.audit = []object{
		{"id": "1", "actorId": "visitor", "action": "rights.taken", "targetId": "gate-0004", "metadata": object{"channel": "yards"}, "timestamp": at},
		{"id": "2", "actorId": "gate-0006", "action": "ptt.start", "targetId": "harbour", "metadata": object{}, "timestamp": at - 9000},
		{"id": "4", "actorId": "visitor", "action": "gateway.asked", "targetId": "gate-0006", "metadata": object{"what": "parrot"}, "timestamp": at - 30000},
		{"id": "3", "actorId": "visitor", "action": "event.paused", "targetId": "harbour", "metadata": object{}, "timestamp": at - 60000},
	}
	return hub
}

// openFleet signs in.
func openFleet(t *testing.T, b *webtest.Browser, hub *mockHub, role string) {
	t.Helper()
	b.Run(chromedp.Navigate(hub.URL + "/fleet.html"))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Run(chromedp.SetValue("#token", token("visitor", "Visitor", role)), chromedp.Click("#sign-in button"))
}

// TestFleetLooks shows the console at the sizes and in the colours it can have.
func TestFleetLooks(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	for _, size := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"wall dark", 1920, 1080, "dark"}, {"desk dark", 1440, 900, "dark"}, {"desk light", 1440, 900, "light"}, {"phone dark", 390, 844, "dark"}, {"phone light", 390, 844, "light"},
	} {
		hub := fleetHub(t, 1000)
		hub.past = pastObjects()
		b.Look(size.width, size.height, size.scheme)
		openFleet(t, b, hub, "DISPATCH")
		b.Until(`document.querySelector('[data-filter="all"] strong').textContent === "1000" && document.querySelectorAll("#audit li").length === 4`)
		if size.width > 1000 {
			b.Run(chromedp.Focus("#grid"), webtest.Tap("ArrowDown"), webtest.Tap("ArrowDown"))
			b.Until(`document.getElementById("detail-title").textContent === "West gate"`)
		}
		if width := webtest.Eval[int64](b, "document.documentElement.scrollWidth"); width > size.width {
			t.Errorf("%s: the page is %d px wide", size.name, width)
		}
		if faint := webtest.Eval[[]string](b, faintText); len(faint) > 0 {
			t.Errorf("%s: hard to read: %q", size.name, faint)
		}
		b.Shoot("fleet " + size.name)
	}
	hub := newMockHub(t)
	b.Run(chromedp.Navigate(hub.URL + "/fleet.html"))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Shoot("fleet signed out")
}

// TestFleetFits has every column in view at every width, 640 px being 1280 at 200 % zoom.
func TestFleetFits(t *testing.T) {
	b := webtest.Start(t)
	hub := fleetHub(t, 40)
	openFleet(t, b, hub, "DISPATCH")
	for _, width := range []int64{360, 640, 820, 1081, 1280, 1440, 1700, 1920, 2560, 3840} {
		b.Look(width, 900, "dark")
		b.Until(fmt.Sprintf(`innerWidth === %d && document.querySelectorAll(".row").length > 0`, width))
		if cut := webtest.Eval[[]string](b, `[document.documentElement, document.getElementById("grid"), ...document.querySelectorAll(".card, .head > span")]
			.filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline").map((e) => (e.id || e.textContent) + " " + e.scrollWidth + " > " + e.clientWidth)`); len(cut) > 0 {
			t.Errorf("%d px: cut off: %q", width, cut)
		}
	}
}

func TestFleetIsForManagersOnly(t *testing.T) {
	b := webtest.Start(t)
	hub := fleetHub(t, 3)
	openFleet(t, b, hub, "GENERAL")
	b.Until(`document.getElementById("sign-in-error").textContent.includes("neither DISPATCH nor ADMIN")`)
	if hub.watched("/api/fleet/events") {
		t.Error("the page asked all the same")
	}
}

// counting counts what is done to the list, from now on.
const counting = `window.done = 0; window.counter?.disconnect();
window.counter = new MutationObserver((all) => { window.done += all.length; });
window.counter.observe(document.getElementById("grid"), { subtree: true, childList: true, attributes: true, characterData: true });`

// A thousand gateways cost the document no more than the few that fit the window:
// counted, not timed.
func TestFleetOfAThousandIsAsSmoothAsOfTen(t *testing.T) {
	b := webtest.Start(t)
	b.Look(1440, 900, "dark")
	work := map[int]int64{}
	nodes := map[int]int64{}
	for _, n := range []int{10, 1000} {
		hub := fleetHub(t, n)
		openFleet(t, b, hub, "ADMIN")
		b.Until(fmt.Sprintf(`document.querySelector('[data-filter="all"] strong').textContent === "%d"`, n))
		b.Until(`document.querySelectorAll(".row").length > 9`)
		nodes[n] = webtest.Eval[int64](b, `document.querySelectorAll("#rows *").length`)
		webtest.Eval[any](b, counting)
		// Everybody's level changes, ten times.
		for i := range 10 {
			f := fleetOf(n)
			for _, g := range f["gateways"].([]object) {
				g["mic"] = float64(-20 - 2*i)
			}
			f["gateways"].([]object)[n-1]["xruns"] = 100 + i // marks the round
			hub.send("gateways", f)
			b.Until(fmt.Sprintf(`[...document.querySelectorAll(".meter")].some((m) => m.ariaValueNow === "%d") || document.querySelector(".row:nth-child(6) .meter")?.ariaValueNow === "%d"`, -20-2*i, -20-2*i))
		}
		work[n] = webtest.Eval[int64](b, "window.done")
		if n < 1000 {
			continue
		}
		rows := webtest.Eval[int64](b, `document.querySelectorAll(".row").length`)
		if rows > 40 {
			t.Errorf("%d rows are in the document for a window of about 16", rows)
		}
		// What is out of sight costs nothing.
		webtest.Eval[any](b, counting)
		hub.send("gateways", object{"redis": true, "gone": []string{}, "gateways": []object{gatewayObject(900, object{"mic": -3.0, "xruns": 77})}})
		hub.send("overview", with(overviewObject(), object{"events": []string{}}))
		b.Until(`document.querySelector("[data-pause]").hidden`)
		if done := webtest.Eval[int64](b, "window.done"); done != 0 {
			t.Errorf("a change out of sight changed the list %d times", done)
		}
		// To the end and back, with no more rows than before.
		b.Run(chromedp.Focus("#grid"), webtest.Tap("End"))
		b.Until(`document.querySelector('[aria-selected="true"]')?.ariaRowIndex === "1001"`)
		if after := webtest.Eval[int64](b, `document.querySelectorAll(".row").length`); after != rows {
			t.Errorf("%d rows at the end, %d at the beginning", after, rows)
		}
	}
	t.Logf("list nodes: %d for 10 gateways, %d for 1000; changes in ten rounds: %d and %d", nodes[10], nodes[1000], work[10], work[1000])
	// The window has room for about 2.5 times ten rows and the spare ones.
	if work[1000] > 4*work[10] || nodes[1000] > 4*nodes[10] {
		t.Errorf("1000 gateways: %d changes and %d nodes; 10: %d and %d", work[1000], nodes[1000], work[10], nodes[10])
	}
}

// TestFleetByKeyboard does all a dispatcher does, without a pointer.
func TestFleetByKeyboard(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	b.Look(1440, 900, "light")
	hub := fleetHub(t, 200)
	openFleet(t, b, hub, "DISPATCH")
	b.Until(`document.querySelectorAll(".row").length > 9`)
	active := func() string {
		return webtest.Eval[string](b, `document.getElementById(document.getElementById("grid").getAttribute("aria-activedescendant") ?? "")?.querySelector("b").textContent ?? ""`)
	}
	b.Run(webtest.Tap("/"), chromedp.SendKeys("#search", "GATE-0006"), webtest.Tap("Enter"))
	b.Until(`document.querySelector("#grid").ariaRowCount === "2" && document.activeElement.id === "grid"`)
	b.Run(webtest.Tap("ArrowDown"))
	b.Until(`document.getElementById("detail-title").textContent === "North gate"`)
	if got := active(); got != "North gate" {
		t.Errorf("the keyboard is on %q", got)
	}
	b.Run(webtest.Tap("Enter"))
	b.Until(`document.activeElement.id === "rights" && document.activeElement.textContent === "Take talk right"`)
	b.Run(webtest.Tap("Enter"))
	webtest.Eventually(t, "the talk right is taken", func() bool { return hub.count("DELETE /api/channels/harbour/members/gate-0006/rights") == 1 })
	b.Until(`document.getElementById("said").textContent === "North gate may not talk any more."`)
	silenced := gatewayObject(6, object{"name": "North gate", "rights": false, "onAir": false, "summary": "on channel harbour, waiting for talk rights"})
	hub.send("gateways", object{"redis": true, "gone": []string{}, "gateways": []object{silenced}})
	b.Until(`document.getElementById("rights").textContent === "Give talk right" && document.getElementById("detail-summary").textContent === "waiting for talk rights"`)
	b.Run(webtest.Tap("Enter"))
	b.Until(`document.getElementById("said").textContent === "North gate may talk again."`)

	b.Run(webtest.Tap("Tab"), webtest.Tap("Enter")) // listen in
	webtest.Eventually(t, "the channel is listened to", func() bool { return hub.count("POST /whep/harbour") == 1 })
	b.Until(`document.querySelector("#health-sound dd").textContent === "up"`)
	b.Run(webtest.Tap("Enter"))
	b.Until(`document.querySelector("#health-sound dd").textContent === "off"`)
	webtest.Eventually(t, "the session is ended", func() bool { return hub.count("DELETE /whep/harbour/1") == 1 })

	// From who talks on a channel to that gateway.
	hub.send("gateways", fleetOf(200))
	b.Run(webtest.Tap("Escape"), webtest.Tap("Home"))
	b.Until(`document.getElementById("detail-title").textContent === "Quarry crane" && document.querySelector(".holder:enabled") !== null`)
	b.Run(chromedp.Focus(".holder:enabled"), webtest.Tap("Enter"))
	b.Until(`document.getElementById("detail-title").textContent === "North gate"`)

	// To the event, and first not, then yes.
	for range 90 {
		if focused(b) == "Pause marathon: end every talk spurt" {
			break
		}
		b.Run(webtest.Tap("Tab"))
	}
	b.Run(webtest.Tap("Enter"))
	b.Until(`document.getElementById("confirm").open && document.activeElement.textContent === "Cancel"`)
	b.Run(webtest.Tap("Enter"))
	b.Until(`!document.getElementById("confirm").open`)
	b.Run(webtest.Tap("Enter"))
	b.Until(`document.getElementById("confirm").open`)
	if n := hub.count("POST /api/events/marathon/pause"); n != 0 {
		t.Errorf("cancelled, and yet paused %d times", n)
	}
	for range 4 {
		if focused(b) == "Pause marathon" {
			break
		}
		b.Run(webtest.Tap("Tab"))
	}
	b.Run(webtest.Tap("Enter"))
	b.Until(`document.getElementById("said").textContent === "marathon is paused: 1 talk spurt ended."`)

	// Everything there is comes by Tab, each with a ring and a name.
	b.Run(webtest.Tap("Escape"))
	b.Until(`document.activeElement.id === "grid" && document.querySelector("#grid").ariaRowCount === "201"`)
	var seen []string
	for range 120 {
		b.Run(webtest.Tap("Tab"))
		name := webtest.Eval[string](b, `document.activeElement === document.body ? "" : document.activeElement.id || document.activeElement.ariaLabel || document.activeElement.textContent`)
		if name != "" && slices.Contains(seen, name) {
			break
		}
		if name != "" {
			seen = append(seen, name)
			if !webtest.Eval[bool](b, `getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
				t.Errorf("%s has no focus ring", name)
			}
		}
	}
	for _, want := range []string{"grid", "search", "rights", "detail-listen", "audit", "Listen in on yards", "200 Gateways"} {
		if !slices.Contains(seen, want) {
			t.Errorf("Tab does not come to %q, only to %q", want, seen)
		}
	}
}

// How a rollout goes on, and that it was stopped and why.
func TestFleetShowsARollout(t *testing.T) {
	b := webtest.Start(t)
	hub := fleetHub(t, 10)
	openFleet(t, b, hub, "DISPATCH")
	show := func(change object, text, value string) {
		t.Helper()
		overview := overviewObject()
		overview["rollout"] = with(overview["rollout"].(object), change)
		hub.send("overview", overview)
		b.Until(fmt.Sprintf(`document.getElementById("rollout-text").textContent === %q && document.getElementById("rollout-bar").getAttribute("value") === %q`, text, value))
	}
	b.Until(`!document.getElementById("rollout").hidden && document.getElementById("rollout-more").textContent.startsWith("By anna at ")`)
	show(object{"state": "trying", "passed": 10}, "Version 12: 10 of 50 canaries passed", "0.2")
	show(object{"state": "open", "applied": 999, "failed": 0}, "Version 12: 999 of 999 live gateways have it", "1")
	show(object{"state": "halted", "why": "gate-0004: lost the link", "applied": 0}, "Version 12: stopped, gate-0004: lost the link", "0")
	hub.send("overview", with(overviewObject(), object{"rollout": nil}))
	b.Until(`document.getElementById("rollout").hidden`)
}

// TestChannelWithoutAGuard: the console says so beside its name, until there is one; no key
// of the row moves meanwhile.
func TestChannelWithoutAGuard(t *testing.T) {
	b := webtest.Start(t)
	hub := fleetHub(t, 10)
	openFleet(t, b, hub, "DISPATCH")
	const row = `[...document.querySelectorAll("#channels li")].find((li) => li.textContent.includes("yards"))`
	at := func() string {
		return webtest.Eval[string](b, `JSON.stringify([...`+row+`.querySelectorAll("button, input")].map((k) => k.getBoundingClientRect()))`)
	}
	shown := "getComputedStyle(" + row + `.querySelector("[data-is=guard]")).visibility === `
	b.Until(row + ` && ` + shown + `"hidden"`)
	before := at()
	overview := overviewObject()
	overview["channels"].([]object)[1]["unguarded"] = true
	hub.send("overview", overview)
	b.Until(shown + `"visible"`)
	if now := at(); now != before {
		t.Errorf("keys moved from %s to %s", before, now)
	}
	hub.send("overview", overviewObject())
	b.Until(shown + `"hidden"`)
}

// TestFleetSurvivesTheHub: it comes back by itself, and shows what is then the case.
func TestFleetSurvivesTheHub(t *testing.T) {
	b := webtest.Start(t)
	hub := fleetHub(t, 10)
	openFleet(t, b, hub, "ADMIN")
	b.Until(`document.querySelector('[data-filter="gone"] strong').textContent === "1"`)
	hub.mu.Lock()
	hub.fleet = frame("overview", overviewObject()) + frame("gateways", fleetOf(2))
	hub.mu.Unlock()
	hub.CloseClientConnections()
	b.Until(`document.querySelector("#health-hub dd").textContent === "away"`)
	b.Until(`document.querySelector('[data-filter="all"] strong').textContent === "2" && document.querySelector("#health-hub dd").textContent === "up"`)
	hub.send("gateways", object{"redis": false, "gateways": []object{}, "gone": []string{}})
	b.Until(`document.querySelector("#health-redis dd").textContent === "away"`)
}

// What comes from a gateway is text, whatever it looks like.
func TestFleetShowsMarkupAsText(t *testing.T) {
	b := webtest.Start(t)
	hub := newMockHub(t)
	evil := `<img src=x onerror="window.evil=1"><script>window.evil=1</script>`
	hub.fleet = frame("overview", object{"redis": true, "events": []string{evil}, "channels": []object{{"id": evil, "event": evil, "holder": object{"userName": evil, "userId": "x"}}}}) +
		frame("gateways", object{"redis": true, "gone": []string{}, "gateways": []object{gatewayObject(1, object{"name": evil, "channel": evil, "version": evil, "onAir": false, "summary": evil})}})
	hub.audit = []object{{"id": "1", "actorId": evil, "action": evil, "targetId": evil, "metadata": object{"channel": evil}, "timestamp": 1}}
	openFleet(t, b, hub, "ADMIN")
	b.Until(`document.querySelector(".row b")?.textContent.startsWith("<img") && document.querySelectorAll("#audit li").length === 1`)
	if webtest.Eval[bool](b, `"evil" in window || document.querySelector("main img, main script") !== null`) {
		t.Error("markup of a gateway became part of the page")
	}
}

// Whoever manages comes from the channel to the fleet without a second sign-in,
// and leaves no token behind.
func TestFromChannelToFleet(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t)
	hub.fleet = frame("overview", overviewObject()) + frame("gateways", fleetOf(3))
	signIn := func(role string) {
		b.Run(chromedp.Navigate(hub.URL))
		b.Until(`!document.getElementById("sign-in").hidden`)
		b.Run(chromedp.SetValue("#token", token("visitor", "Visitor", role)), chromedp.SetValue("#channel-input", "harbour"), chromedp.Click("#sign-in button"))
		b.UntilPhase("idle")
	}
	signIn("GENERAL")
	if !webtest.Eval[bool](b, `document.getElementById("to-fleet").hidden`) {
		t.Error("the fleet is offered to somebody who may not see it")
	}
	signIn("DISPATCH")
	b.Run(chromedp.Click("#to-fleet"), chromedp.WaitVisible("#tiles"))
	b.Until(`document.querySelector('[data-filter="all"] strong')?.textContent === "3"`)
	if n := webtest.Eval[int](b, `sessionStorage.length + localStorage.length`); n != 0 {
		t.Errorf("%d things are left in the browser's store", n)
	}
}

// The browser runs and styles nothing inline: what a gateway says of itself cannot
// become code, and a page that needed it would fail every test above by its console.
func TestFleetPageIsServed(t *testing.T) {
	hub := newMockHub(t)
	resp, err := http.Get(hub.URL + "/fleet.html")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	policy := map[string]string{}
	for directive := range strings.SplitSeq(resp.Header.Get("Content-Security-Policy"), "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		policy[name] = sources
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
	} {
		if policy[name] != want {
			t.Errorf("%s is %q, expected %q", name, policy[name], want)
		}
	}
}
