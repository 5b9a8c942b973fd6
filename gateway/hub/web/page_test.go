package web_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var gates = []object{{"name": "north-gate", "userId": "n"}, {"name": "south-gate", "userId": "s"}}

// TestLooks walks the page through all it can show, at the sizes and in the
// colours it can have, and keeps pictures of it.
func TestLooks(t *testing.T) {
	b := newBrowser(t)
	b.before(peerConnectionStub)
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
			b.untilPhase(phase)
			if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				t.Errorf("%s, %s: %d px too wide", size.name, phase, over)
			}
			b.shoot(size.name + " " + phase)
		}
		b.look(size.width, size.height, size.scheme)
		b.run(chromedp.Navigate(hub.URL))
		hub.send("radio", lit("north-gate", "link", "idle", "", -60))
		hub.send("radio", lit("south-gate", "link", "idle", "", -60))
		b.untilPhase("idle")
		b.shoot(size.name + " not joined")

		b.run(chromedp.Click("#join-talk"))
		b.until(`document.querySelector("#health-microphone dd").textContent === "closed"`)
		shoot("idle")

		hub.send("state", with(quiet(), object{"holder": object{"userId": "n", "userName": "north-gate", "since": since(), "epoch": 4}}))
		hub.send("levels", object{"levels": object{"n": -14.0}})
		hub.send("radio", lit("north-gate", "talk", "talking", "", -60))
		hub.send("radio", lit("south-gate", "busy", "idle", "", -17))
		hub.send("notice", object{"kind": "granted", "userId": "n", "text": "north-gate has the floor"})
		shoot("busy")

		hub.grant(409, object{"granted": false, "reason": "busy", "holder": object{"userId": "n", "userName": "north-gate"}})
		b.run(chromedp.Focus("#talk"), down(" "))
		shoot("denied")
		b.run(up(" "))

		hub.send("state", quiet())
		hub.send("radio", lit("north-gate", "alert", "revoked", "talk right taken away", -60))
		hub.send("radio", lit("south-gate", "link", "idle", "", -60))
		b.untilPhase("idle")
		hub.grant(200, object{"granted": true, "epoch": 5})
		b.run(down(" "))
		mine := with(quiet(), object{"holder": object{"userId": "visitor", "userName": "Visitor", "since": since(), "epoch": 5}})
		hub.send("state", mine)
		hub.send("levels", object{"levels": object{"visitor": -20.0}})
		shoot("talking")

		revoked := quiet()
		revoked["members"].([]object)[0]["rights"] = false
		hub.send("state", revoked)
		hub.send("notice", object{"kind": "revoked", "userId": "visitor", "text": "Visitor’s talk right was taken away"})
		shoot("revoked")
		b.run(up(" "))

		hub.send("state", with(quiet(), object{"redis": false}))
		shoot("redis-away")
		hub.CloseClientConnections()
		hub.Listener.Close()
		shoot("hub-away")
	}
	hub := newMockHub(t)
	b.look(360, 720, "dark")
	b.run(chromedp.Navigate(hub.URL))
	b.until(`!document.getElementById("sign-in").hidden`)
	b.shoot("signed out")
}
