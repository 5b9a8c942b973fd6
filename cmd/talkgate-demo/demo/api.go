package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
)

const (
	// refresh is how often a stream of radios shows their levels.
	refresh = 50 * time.Millisecond
	// alive is how often a stream says so when no radio changes.
	alive = 5 * time.Second
	// silent is the least level that is shown, in dB below full scale.
	silent = -90
)

// visit is what the page needs to begin with: GET /demo/config.
type visit struct {
	Token   string       `json:"token"`
	Channel string       `json:"channel"`
	User    visitor      `json:"user"`
	Radios  []visitRadio `json:"radios"`
}

type visitor struct {
	UserID   string `json:"userId"`
	UserName string `json:"userName"`
}

type visitRadio struct {
	Name   string `json:"name"`
	UserID string `json:"userId"`
	// Receives is whether its key is that of somebody whom the radio receives.
	Receives bool `json:"receives"`
	// Lock and Unlock are what it is dialled to lock and unlock talking; empty where
	// it obeys no DTMF.
	Lock   string `json:"lock,omitempty"`
	Unlock string `json:"unlock,omitempty"`
}

// radioView is one radio as it is shown: an event of GET /demo/radios/events.
type radioView struct {
	Name    string    `json:"name"`
	Pressed bool      `json:"pressed"`
	Lamps   hal.Lamps `json:"lamps"`
	// Level is that of the loudspeaker, in dB below full scale.
	Level float64 `json:"level"`
	// State and Reason are those of the talk-rights machine.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	// Radio is what people who run radios look at.
	Radio port.RadioStatus `json:"radio"`
}

// api serves /demo/: the virtual radios' buttons, lamps and loudspeakers.
//
// Whoever reaches it is handed a token: it belongs on a loopback address.
type api struct {
	visit    func(context.Context) (visit, error)
	stations []*station
	log      *slog.Logger
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/config", a.config)
	mux.HandleFunc("GET /demo/radios/events", a.events)
	move := func(how string, what func(st *station, r *http.Request)) {
		mux.HandleFunc("POST /demo/radios/{name}/"+how, func(w http.ResponseWriter, r *http.Request) { a.move(w, r, what) })
	}
	move("press", func(st *station, _ *http.Request) { st.press(true) })
	move("release", func(st *station, _ *http.Request) { st.press(false) })
	move("dial/{digits}", func(st *station, r *http.Request) { st.dial(r.PathValue("digits")) })
	// A page elsewhere must not press buttons in its visitor's name.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (a *api) config(w http.ResponseWriter, r *http.Request) {
	v, err := a.visit(r.Context())
	if err != nil {
		a.log.Error("no welcome for the visitor", "err", err)
		http.Error(w, "the visitor could not be given talk rights; see the terminal", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the visitor left
}

func (a *api) move(w http.ResponseWriter, r *http.Request, what func(*station, *http.Request)) {
	for _, s := range a.stations {
		if s.name == r.PathValue("name") {
			what(s, r)
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]string{
		"error": fmt.Sprintf("there is no radio %q; GET /demo/config names them", r.PathValue("name")),
	})
}

// events streams each radio as it is, and again whenever it changes.
func (a *api) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	shown := make([][]byte, len(a.stations))
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	pulse := time.NewTicker(alive)
	defer pulse.Stop()
	for {
		for i, s := range a.stations {
			now, err := json.Marshal(s.view())
			if err != nil {
				a.log.Error("a radio cannot be shown", "radio", s.name, "err", err)
				return
			}
			if bytes.Equal(now, shown[i]) {
				continue
			}
			shown[i] = now
			if _, err := fmt.Fprintf(w, "event: radio\ndata: %s\n\n", now); err != nil {
				return
			}
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		case <-pulse.C:
			if _, err := io.WriteString(w, ":\n\n"); err != nil {
				return
			}
		}
	}
}
