package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/gateway/hub/web"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// boardsHub answers the boards page, and keeps what it asked for.
type boardsHub struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newBoardsHub(t *testing.T) *boardsHub {
	h := &boardsHub{}
	mux := http.NewServeMux()
	mux.Handle("/", web.Handler(""))
	keep := func(status int, body object) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			h.mu.Lock()
			h.asked = append(h.asked, r.Method+" "+r.URL.Path)
			h.mu.Unlock()
			if body == nil {
				w.WriteHeader(status)
				return
			}
			answer(w, status, body)
		}
	}
	mux.HandleFunc("GET /api/devices", keep(200, object{
		"devices": []object{{"userId": "north", "userName": "North gate", "channels": []string{"gates"}, "enrolledAt": "2026-12-01T04:40:26Z", "enrolledBy": "boss", "keyId": "k"}},
		"invitations": []object{{"id": "K7M", "userId": "yard", "userName": "<b>Yard", "channels": []string{"yard"}, "until": "2026-12-01T05:00:00Z",
			"applicant": object{"host": "pi", "address": "192.0.2.7", "keyId": "abcdef0123456789"}}},
	}))
	mux.HandleFunc("POST /api/invitations", keep(201, object{"code": "K7M-2Q9-XDR", "uri": "talkgate:K7M-2Q9-XDR", "userName": "South", "until": "2026-12-01T05:00:00Z",
		"qr": []string{"000", "010", "000"}}))
	mux.HandleFunc("PUT /api/devices/yard/approval", keep(200, object{}))
	mux.HandleFunc("DELETE /api/devices/north", keep(204, nil))
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *boardsHub) was(call string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.asked, call)
}

// TestBoardsPage invites, approves and revokes.
func TestBoardsPage(t *testing.T) {
	b := webtest.Start(t)
	hub := newBoardsHub(t)
	for _, scheme := range []string{"dark", "light"} {
		b.Look(390, 844, scheme)
		b.Run(chromedp.Navigate(hub.URL + "/boards.html"))
		b.Until(`!document.getElementById("sign-in").hidden`)
		axe(t, b, scheme+" sign-in")
		b.Run(chromedp.SendKeys("#token", token("visitor", "Visitor", "GENERAL")), chromedp.Click("#sign-in button"))
		b.Until(`document.getElementById("sign-in-error").textContent.includes("DISPATCH")`)
		b.Run(chromedp.SendKeys("#token", token("visitor", "Visitor", "DISPATCH")), chromedp.Click("#sign-in button"))
		b.Until(`document.querySelectorAll("#boards li").length === 2`)
		if first := webtest.Eval[string](b, `document.querySelector("#boards li").textContent`); !strings.Contains(first, "<b>Yard") || !strings.Contains(first, "pi at 192.0.2.7") {
			t.Errorf("the board that waits is not first, or its name is markup: %s", first)
		}
		axe(t, b, scheme+" list")
		b.Run(chromedp.SendKeys("#user", "south"), chromedp.SendKeys("#channels", "gates, yard"), chromedp.Click("#invite button"))
		b.Until(`document.getElementById("command").textContent === "talkgate join K7M-2Q9-XDR"`)
		if dark := webtest.Eval[[]float64](b, `[...document.getElementById("qr").getContext("2d").getImageData(0, 0, 3, 3).data].filter((_, i) => i % 4 === 0)`); !slices.Equal(dark, []float64{255, 255, 255, 255, 0, 255, 255, 255, 255}) {
			t.Errorf("the QR code is drawn as %v", dark)
		}
		axe(t, b, scheme+" invitation")
	}
	b.Run(chromedp.Click(`button[aria-label="Approve yard"]`))
	b.Until(`document.getElementById("said").textContent === "yard is approved."`)
	b.Run(chromedp.Click(`button[aria-label="Revoke north"]`))
	b.Until(`document.getElementById("confirm").open`)
	axe(t, b, "question")
	b.Run(chromedp.Click(`#confirm button[value="no"]`))
	b.Until(`!document.getElementById("confirm").open`)
	if hub.was("DELETE /api/devices/north") {
		t.Error("a question that was answered with no revoked a board")
	}
	b.Run(chromedp.Click(`button[aria-label="Revoke north"]`))
	b.Until(`document.getElementById("confirm").open`)
	b.Run(chromedp.Click(`#confirm button[value="yes"]`))
	b.Until(`document.getElementById("said").textContent === "north is revoked."`)
	for _, call := range []string{"PUT /api/devices/yard/approval", "DELETE /api/devices/north", "POST /api/invitations"} {
		if !hub.was(call) {
			t.Errorf("%s was not asked for", call)
		}
	}
}
