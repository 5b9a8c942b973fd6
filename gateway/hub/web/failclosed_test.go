package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

const (
	floorPath = "/api/channels/harbour/floor"
	micOpen   = `window.microphone.enabled && window.attached === window.microphone`
	micShut   = `!window.microphone.enabled && window.attached === null`
	ready     = `document.querySelector("#health-microphone dd").textContent === "closed"`
)

// join opens the page of a hub and joins with the microphone.
func join(t *testing.T, b *webtest.Browser, hub *mockHub) {
	t.Helper()
	b.Run(chromedp.Navigate(hub.URL), chromedp.Click("#join-talk"))
	b.Until(ready)
}

// mine is the channel with the visitor on the floor.
func mine(epoch int) object {
	return with(quiet(), object{"holder": object{
		"userId": "visitor", "userName": "Visitor", "since": time.Now().UnixMilli(), "epoch": epoch,
	}})
}

// rights is the channel with the visitor's talk right set to r.
func rights(state object, r any) object {
	members := append([]object{}, state["members"].([]object)...)
	members[0] = with(members[0], object{"rights": r})
	return with(state, object{"members": members})
}

// TestMicrophoneFailsClosed ends a talk spurt in every way it can end. Each time
// the microphone is disabled and detached, the floor given back, and holding on
// does not ask again.
func TestMicrophoneFailsClosed(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	script := func(js string) func(*mockHub) { return func(*mockHub) { webtest.Eval[any](b, js+"; null") } }
	for name, c := range map[string]struct {
		end   func(hub *mockHub)
		phase string
	}{
		"key released":       {func(*mockHub) { b.Run(webtest.Up(" ")) }, "idle"},
		"window left":        {script(`dispatchEvent(new Event("blur"))`), "idle"},
		"tab hidden":         {script(`Object.defineProperty(document, "hidden", { value: true }); document.dispatchEvent(new Event("visibilitychange"))`), "idle"},
		"page left":          {script(`dispatchEvent(new Event("pagehide"))`), "idle"},
		"focus moved":        {script(`document.getElementById("leave").focus()`), "idle"},
		"left":               {script(`document.getElementById("leave").click()`), "idle"},
		"microphone ended":   {script(`microphone.dispatchEvent(new Event("ended"))`), "revoked"},
		"microphone muted":   {script(`microphone.dispatchEvent(new Event("mute"))`), "revoked"},
		"connection lost":    {script(`talkConnection.become("disconnected")`), "revoked"},
		"rights taken":       {func(hub *mockHub) { hub.send("state", rights(mine(5), false)) }, "revoked"},
		"rights unknown":     {func(hub *mockHub) { hub.send("state", rights(mine(5), nil)) }, "revoked"},
		"redis away":         {func(hub *mockHub) { hub.send("state", with(mine(5), object{"redis": false})) }, "revoked"},
		"told so":            {func(hub *mockHub) { hub.send("notice", object{"kind": "banned", "userId": "visitor", "text": "x"}) }, "revoked"},
		"floor idle":         {func(hub *mockHub) { hub.send("state", quiet()) }, "revoked"},
		"floor granted anew": {func(hub *mockHub) { hub.send("state", mine(6)) }, "revoked"},
		"hub gone":           {func(hub *mockHub) { hub.CloseClientConnections() }, "hub-away"},
		"hub silent":         {func(*mockHub) {}, "revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			b := b.For(t)
			hub := newMockHub(t, gates...)
			hub.grant(200, object{"granted": true, "epoch": 5})
			join(t, b, hub)
			if !webtest.Eval[bool](b, `!window.microphone.enabled && !window.attached`) {
				t.Fatal("the microphone is open before the first press")
			}
			b.Run(webtest.Down(" "))
			hub.send("state", mine(5))
			b.UntilPhase("talking")
			b.Until(micOpen)

			if name != "hub silent" {
				// Or the watch on the hub's silence would cover up for what does not work.
				webtest.Eval[any](b, `performance.now = () => 0; null`)
			}
			c.end(hub)
			b.UntilPhase(c.phase)
			b.Until(micShut)
			webtest.Eventually(t, "the floor is given back", func() bool { return hub.count("DELETE "+floorPath) == 1 })
			if c.phase == "revoked" {
				hub.send("state", quiet())
				hub.send("notice", object{"kind": "released", "text": "after it"})
				b.Until(`document.getElementById("log").textContent.includes("after it")`)
				if n := hub.count("PUT " + floorPath); n != 1 || !webtest.Eval[bool](b, micShut) {
					t.Errorf("asked %d times, want 1; microphone shut: %v", n, webtest.Eval[bool](b, micShut))
				}
			}
			b.Run(webtest.Up(" "))
		})
	}
}

// TestMicrophoneComesBack goes on after the system muted the microphone for a while.
func TestMicrophoneComesBack(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	hub.grant(200, object{"granted": true, "epoch": 5})
	join(t, b, hub)
	webtest.Eval[any](b, `Object.defineProperty(microphone, "muted", { value: true, configurable: true }); null`)
	b.Until(`document.querySelector("#health-microphone dd").textContent === "away"`)
	b.Run(webtest.Down(" "))
	b.UntilPhase("denied")
	b.Run(webtest.Up(" "))
	if n := hub.count("PUT " + floorPath); n != 0 {
		t.Errorf("asked for the floor %d times without a microphone", n)
	}
	webtest.Eval[any](b, `delete microphone.muted; null`)
	b.Until(ready)
	b.Run(webtest.Down(" "))
	b.UntilPhase("talking")
	b.Until(micOpen)
}

// TestLeftWhileAsked gives back a microphone that was granted too late.
func TestLeftWhileAsked(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub + `
		const asked = navigator.mediaDevices.getUserMedia;
		navigator.mediaDevices.getUserMedia = async (c) => { await new Promise((allow) => { window.allow = allow; }); return asked(c); };`)
	hub := newMockHub(t, gates...)
	b.Run(chromedp.Navigate(hub.URL), chromedp.Click("#join-talk"))
	b.Until(`window.allow`)
	webtest.Eval[any](b, `dispatchEvent(new Event("pagehide")); allow(); null`)
	b.Until(`window.microphone?.readyState === "ended"`)
	b.Until(`document.body.dataset.joined === "no"`)
	if n := hub.count("POST /whip/harbour"); n != 0 {
		t.Errorf("%d sessions opened after leaving", n)
	}
}

// TestReleaseBeforeTheGrant lets go while the hub still thinks about it.
func TestReleaseBeforeTheGrant(t *testing.T) {
	b := webtest.Start(t)
	b.Before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	asked, answered := make(chan struct{}), make(chan struct{})
	hub.floor = func(w http.ResponseWriter) {
		close(asked)
		<-answered
		answer(w, 200, object{"granted": true, "epoch": 5})
	}
	join(t, b, hub)
	b.Run(webtest.Down(" "))
	b.UntilPhase("requesting")
	<-asked
	b.Run(webtest.Up(" "))
	b.UntilPhase("idle")
	if n := hub.count("DELETE " + floorPath); n != 0 {
		t.Errorf("the yield overtook the request it takes back")
	}
	webtest.Eval[any](b, `opened = 0; microphone.addEventListener("unmute", () => opened++);
		Object.defineProperty(microphone, "enabled", { set(v) { if (v) opened++; }, get: () => false }); null`)
	close(answered)
	webtest.Eventually(t, "the floor is given back", func() bool { return hub.count("DELETE "+floorPath) == 1 })
	if webtest.Eval[int](b, "opened") != 0 || webtest.Eval[bool](b, `Boolean(window.attached)`) {
		t.Error("a late grant opened the microphone")
	}
}
