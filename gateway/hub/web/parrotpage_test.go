package web_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// TestParrotOnTheConsole asks a gateway from the keyboard: the answer, and the reason
// where there is none, are shown and said; one that is gone is not asked.
func TestParrotOnTheConsole(t *testing.T) {
	b := webtest.Start(t)
	b.Look(1440, 900, "dark")
	hub := fleetHub(t, 10)
	answers := make(chan func(http.ResponseWriter), 1)
	hub.parrot = func(w http.ResponseWriter) {
		select {
		case give := <-answers:
			give(w)
		case <-t.Context().Done():
		}
	}
	openFleet(t, b, hub, "DISPATCH")
	fact := `([...document.querySelectorAll("#detail-facts div")].find((e) => e.firstElementChild.textContent === "Parrot")?.lastElementChild.textContent ?? "")`
	choose := func(id, name string) {
		t.Helper()
		b.Run(chromedp.Click(`.row[data-id="` + id + `"] .name`))
		b.Until(`document.getElementById("detail-title").textContent === "` + name + `"`)
	}
	choose("gate-0006", "North gate")
	b.Run(chromedp.Focus("#parrot"), webtest.Tap("Enter"))
	b.Until(fact + ` === "sends a tone…" && document.getElementById("parrot").ariaDisabled === "true" && document.activeElement.id === "parrot"`)
	b.Run(webtest.Tap("Enter")) // once is enough
	answers <- func(w http.ResponseWriter) {
		answer(w, 200, object{"gateway": "gate-0006", "echo": object{"delayMs": 46.4, "levelDB": -0.12, "sent": 150, "heard": 149}})
	}
	const came = "back after 46 ms, −0.1 dB, 1 of 150 packets lost"
	b.Until(fact + ` === "` + came + `" && document.getElementById("said").textContent === "North gate: ` + came + `"`)
	b.Shoot("fleet parrot")
	if n := hub.count("POST /api/gateways/gate-0006/parrot"); n != 1 {
		t.Errorf("asked %d times", n)
	}

	choose("gate-0007", "Ferry 2")
	b.Until(fact + ` === ""`)
	b.Run(chromedp.Focus("#parrot"), webtest.Tap("Enter"))
	answers <- func(w http.ResponseWriter) {
		answer(w, 409, object{"error": "its link is of kind livekit, whose servers have no echo: only hub has"})
	}
	b.Until(fact + ` === "its link is of kind livekit, whose servers have no echo: only hub has"`)
	choose("gate-0006", "North gate")
	b.Until(fact + ` === "` + came + `"`)

	choose("gate-0003", "Quarry crane")
	b.Until(`document.getElementById("parrot").hidden`)
}
