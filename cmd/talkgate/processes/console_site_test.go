package processes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// TestConsoleOfASite is a dispatcher at the console, before real gateways on a
// real Redis.
func TestConsoleOfASite(t *testing.T) {
	s := talkgatetest.NewSite(t)
	if err := s.State.SetChannelEvent(t.Context(), "gates", "marathon"); err != nil {
		t.Fatal(err)
	}
	north, south := s.Port("north"), s.Port("south")
	code, token, stderr := talkgatetest.Run(t, "", "token", "--secret-file", s.Path("hub.secret"), "--user", "desk", "--channel", "gates", "--role", "DISPATCH")
	if code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}

	b := webtest.Start(t)
	b.Look(1440, 900, "dark")
	b.Run(chromedp.Navigate(s.HubURL + "/fleet.html"))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Run(chromedp.SetValue("#token", strings.TrimSpace(token)), chromedp.Click("#sign-in button"))
	counts := func(filter, n string) {
		t.Helper()
		b.Until(`document.querySelector('[data-filter="` + filter + `"] strong').textContent === "` + n + `"`)
	}
	counts("well", "2")

	north.Say("press")
	south.Until(`speaker=heard holder="north"`)
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
	north.Until(`^state=refused lamps=alert .*why="the right to talk was taken away"`)
	counts("down", "1")
	b.Until(`[...document.querySelectorAll("#audit li")].some((li) => li.textContent.includes("desk took the talk right from north on gates"))`)

	north.Say("release")
	b.Until(`document.getElementById("rights").textContent === "Give talk right"`)
	b.Run(chromedp.Click("#rights"))
	north.Until(`^state=idle lamps=link `)
	counts("well", "2")

	south.Say("press")
	north.Until(`holder="south"`)
	b.Run(chromedp.Click("[data-pause]"))
	b.Until(`document.getElementById("confirm").open`)
	b.Run(chromedp.Click("#confirm-yes"))
	south.Until(`^state=refused`)
	b.Until(`document.getElementById("said").textContent === "marathon is paused: 1 talk spurt ended."`)
	webtest.Eventually(t, "the audit log says who paused the event", func() bool {
		entries, err := s.State.Audit(t.Context(), 20)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(entries, func(e redis.AuditEntry) bool { return e.Action == redis.ActionPaused && e.ActorID == "desk" })
	})
	south.Say("release")
	south.Until(`^state=idle`)

	// Listening is real: WHEP to the hub, and south's voice comes.
	b.Run(chromedp.Click(`[data-listen="gates"]`))
	b.Until(`document.querySelector("#health-sound dd").textContent === "up"`)
	b.Run(chromedp.Click(`[data-listen="gates"]`))
	b.Until(`document.querySelector("#health-sound dd").textContent === "off"`)

	// A gateway tries its way to the hub and back.
	b.Run(chromedp.Click(`.row[data-id="north"] .name`))
	b.Until(`document.getElementById("detail-title").textContent === "The north gate"`)
	b.Run(chromedp.Click("#parrot"))
	b.Until(`/^The north gate: back after \d+ ms, .* dB, \d+ of 150 packets lost$/.test(document.getElementById("said").textContent)`)
	b.Until(`[...document.querySelectorAll("#audit li")].some((li) => li.textContent.includes("desk tried the way to the hub of north"))`)

	south.Say("quit")
	counts("gone", "1")
	b.Until(`document.querySelector('.row[data-id="south"] .summary').textContent === "stopped"`)
}

// TestConsoleOfAThousandGateways: with real reports on a real Redis, and the hub's
// own page; a gateway far down the list is found, and its news arrive.
func TestConsoleOfAThousandGateways(t *testing.T) {
	s := talkgatetest.NewSite(t)
	report := func(n int, change func(*fleet.Report)) {
		t.Helper()
		id := fmt.Sprintf("gate-%04d", n)
		r := fleet.Report{Gateway: id, Name: "Gate " + id, Channel: "gates", Version: "v1", At: time.Now(),
			Health: fleet.Health{OnAir: true, Summary: "on air on channel gates", Redis: true, Rights: true},
			Lamps:  fleet.Lamps{Link: true}, Floor: fleet.Floor{State: "idle"}, Levels: fleet.Levels{Mic: -60, Speaker: -96}, Link: fleet.Link{Up: true}}
		change(&r)
		if err := s.State.PutReport(t.Context(), r, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 1000 {
		report(n, func(*fleet.Report) {})
	}
	code, token, stderr := talkgatetest.Run(t, "", "token", "--secret-file", s.Path("hub.secret"), "--user", "boss", "--channel", "gates", "--role", "ADMIN")
	if code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	b := webtest.Start(t)
	b.Look(1440, 900, "dark")
	b.Run(chromedp.Navigate(s.HubURL + "/fleet.html"))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Run(chromedp.SetValue("#token", strings.TrimSpace(token)), chromedp.Click("#sign-in button"))
	b.Until(`document.querySelector('[data-filter="well"] strong').textContent === "1000"`)
	b.Run(chromedp.SendKeys("#search", "gate-0777"))
	b.Until(`document.querySelectorAll(".row").length === 1`)
	report(777, func(r *fleet.Report) {
		r.Health.OnAir, r.Health.Summary, r.Lamps.Link = false, "waiting for hardware: expected sound card \"Radio\", found none", false
	})
	b.Until(`document.querySelector('.row[data-id="gate-0777"] .summary').textContent.startsWith("waiting for hardware")`)
	b.Until(`document.querySelector('[data-filter="down"] strong').textContent === "1"`)
	b.Shoot("fleet of a thousand")
}
