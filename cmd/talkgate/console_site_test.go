package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
	"github.com/talkgate/talkgate/state/redis"
)

// TestConsoleOfASite is a dispatcher at the console, before real gateways on a
// real Redis.
func TestConsoleOfASite(t *testing.T) {
	s := newSite(t)
	if err := s.state.SetChannelEvent(t.Context(), "gates", "marathon"); err != nil {
		t.Fatal(err)
	}
	north, south := s.port("north"), s.port("south")
	code, token, stderr := talkgate(t, "", "token", "--secret-file", s.path("hub.secret"), "--user", "desk", "--channel", "gates", "--role", "DISPATCH")
	if code != exitOK {
		t.Fatal(stderr)
	}

	b := webtest.Start(t)
	b.Look(1440, 900, "dark")
	b.Run(chromedp.Navigate(s.hubURL + "/fleet.html"))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Run(chromedp.SetValue("#token", strings.TrimSpace(token)), chromedp.Click("#sign-in button"))
	counts := func(filter, n string) {
		t.Helper()
		b.Until(`document.querySelector('[data-filter="` + filter + `"] strong').textContent === "` + n + `"`)
	}
	counts("well", "2")

	north.say("press")
	south.until(`speaker=heard holder="north"`)
	counts("talking", "1")
	lit := func(id, lamp string) {
		t.Helper()
		b.Until(`document.querySelector('.row[data-id="` + id + `"] [data-lamp="` + lamp + `"]').dataset.on === "true"`)
	}
	lit("north", "talk")
	lit("south", "busy")
	b.Until(`document.querySelector(".holder:enabled")?.textContent.startsWith("The north gate")`)
	b.Run(chromedp.Click(".holder:enabled"))
	b.Until(`document.getElementById("rights").textContent === "Take talk right"`)
	b.Shoot("fleet of a site")
	b.Run(chromedp.Click("#rights"))
	north.until(`^state=refused lamps=alert .*why="the right to talk was taken away"`)
	counts("down", "1")
	b.Until(`[...document.querySelectorAll("#audit li")].some((li) => li.textContent.includes("desk took the talk right from north on gates"))`)

	north.say("release")
	b.Until(`document.getElementById("rights").textContent === "Give talk right"`)
	b.Run(chromedp.Click("#rights"))
	north.until(`^state=idle lamps=link `)
	counts("well", "2")

	south.say("press")
	north.until(`holder="south"`)
	b.Run(chromedp.Click("[data-pause]"))
	b.Until(`document.getElementById("confirm").open`)
	b.Run(chromedp.Click("#confirm-yes"))
	south.until(`^state=refused`)
	b.Until(`document.getElementById("said").textContent === "marathon is paused: 1 talk spurt ended."`)
	webtest.Eventually(t, "the audit log says who paused the event", func() bool {
		entries, err := s.state.Audit(t.Context(), 20)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(entries, func(e redis.AuditEntry) bool { return e.Action == redis.ActionPaused && e.ActorID == "desk" })
	})
	south.say("release")
	south.until(`^state=idle`)

	// Listening is real: WHEP to the hub, and south's voice comes.
	b.Run(chromedp.Click(`[data-listen="gates"]`))
	b.Until(`document.querySelector("#health-sound dd").textContent === "up"`)
	b.Run(chromedp.Click(`[data-listen="gates"]`))
	b.Until(`document.querySelector("#health-sound dd").textContent === "off"`)

	south.say("quit")
	counts("gone", "1")
	b.Until(`document.querySelector('.row[data-id="south"] .standing').textContent === "stopped"`)
}
