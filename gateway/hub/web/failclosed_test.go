package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	floorPath = "/api/channels/harbour/floor"
	micOpen   = `window.microphone.enabled && window.attached === window.microphone`
	micShut   = `!window.microphone.enabled && window.attached === null`
	ready     = `document.querySelector("#health-microphone dd").textContent === "closed"`
)

// join opens the page of a hub and joins with the microphone.
func join(t *testing.T, b *browser, hub *mockHub) {
	t.Helper()
	b.run(chromedp.Navigate(hub.URL), chromedp.Click("#join-talk"))
	b.until(ready)
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
	b := newBrowser(t)
	b.before(peerConnectionStub)
	script := func(js string) func(*mockHub) { return func(*mockHub) { eval[any](b, js+"; null") } }
	for name, c := range map[string]struct {
		end   func(hub *mockHub)
		phase string
	}{
		"key released":       {func(*mockHub) { b.run(up(" ")) }, "idle"},
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
			b := &browser{t: t, ctx: b.ctx}
			hub := newMockHub(t, gates...)
			hub.grant(200, object{"granted": true, "epoch": 5})
			join(t, b, hub)
			if eval[bool](b, micOpen) {
				t.Fatal("the microphone is open before the first press")
			}
			b.run(down(" "))
			hub.send("state", mine(5))
			b.untilPhase("talking")
			b.until(micOpen)

			c.end(hub)
			b.untilPhase(c.phase)
			b.until(micShut)
			eventually(t, "the floor is given back", func() bool { return hub.count("DELETE "+floorPath) == 1 })
			if c.phase == "revoked" {
				hub.send("state", quiet())
				hub.send("notice", object{"kind": "released", "text": "after it"})
				b.until(`document.getElementById("log").textContent.includes("after it")`)
				if n := hub.count("PUT " + floorPath); n != 1 || !eval[bool](b, micShut) {
					t.Errorf("asked %d times, want 1; microphone shut: %v", n, eval[bool](b, micShut))
				}
			}
			b.run(up(" "))
		})
	}
}

// TestReleaseBeforeTheGrant lets go while the hub still thinks about it.
func TestReleaseBeforeTheGrant(t *testing.T) {
	b := newBrowser(t)
	b.before(peerConnectionStub)
	hub := newMockHub(t, gates...)
	asked, answered := make(chan struct{}), make(chan struct{})
	hub.floor = func(w http.ResponseWriter) {
		close(asked)
		<-answered
		answer(w, 200, object{"granted": true, "epoch": 5})
	}
	join(t, b, hub)
	b.run(down(" "))
	b.untilPhase("requesting")
	<-asked
	b.run(up(" "))
	b.untilPhase("idle")
	if n := hub.count("DELETE " + floorPath); n != 0 {
		t.Errorf("the yield overtook the request it takes back")
	}
	eval[any](b, `opened = 0; microphone.addEventListener("unmute", () => opened++);
		Object.defineProperty(microphone, "enabled", { set(v) { if (v) opened++; }, get: () => false }); null`)
	close(answered)
	eventually(t, "the floor is given back", func() bool { return hub.count("DELETE "+floorPath) == 1 })
	if eval[int](b, "opened") != 0 || eval[bool](b, `Boolean(window.attached)`) {
		t.Error("a late grant opened the microphone")
	}
}

// eventually waits for what the page causes at the hub.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
