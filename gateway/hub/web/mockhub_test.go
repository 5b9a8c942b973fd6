package web_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/web"
)

type object = map[string]any

// mockHub answers the page as a hub would, with whatever the test wants to be the
// case, and keeps what the page asked. No media passes: the page runs with
// peerConnectionStub in front of it.
type mockHub struct {
	*httptest.Server

	mu      sync.Mutex
	state   object
	radios  []object
	fleet   string // what a stream of the fleet begins with
	audit   []object
	floor   func(w http.ResponseWriter)
	parrot  func(w http.ResponseWriter)
	alarm   func(w http.ResponseWriter)
	past    []object
	taken   bool // the visitor has a WHIP session elsewhere
	asked   []string
	expired bool
	streams map[chan string]string // to its path
}

func newMockHub(t *testing.T, radios ...object) *mockHub {
	m := &mockHub{audit: []object{}, past: []object{}, radios: radios, streams: map[chan string]string{}, state: quiet()}
	mux := http.NewServeMux()
	mux.Handle("/", web.Handler(""))
	mux.HandleFunc("GET /demo/config", func(w http.ResponseWriter, _ *http.Request) {
		if len(radios) == 0 {
			http.NotFound(w, nil)
			return
		}
		answer(w, 200, object{
			"token": token("visitor", "Visitor", "DISPATCH"), "channel": "harbour",
			"user": object{"userId": "visitor", "userName": "Visitor"}, "radios": radios,
		})
	})
	mux.HandleFunc("GET /api/channels/{channel}/events", func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		first, expired := frame("state", m.state), m.expired
		m.mu.Unlock()
		if expired {
			answer(w, 401, object{"error": "The token has expired; sign in again."})
			return
		}
		m.serve(w, r, first)
	})
	mux.HandleFunc("GET /api/fleet/events", func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		first := m.fleet
		m.mu.Unlock()
		m.serve(w, r, first)
	})
	mux.HandleFunc("GET /api/audit", func(w http.ResponseWriter, _ *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		answer(w, 200, object{"entries": m.audit})
	})
	mux.HandleFunc("GET /api/channels/{channel}/recall", func(w http.ResponseWriter, r *http.Request) {
		m.note(r)
		m.mu.Lock()
		defer m.mu.Unlock()
		answer(w, 200, object{"recall": 3600, "spurts": m.past})
	})
	mux.HandleFunc("GET /api/channels/{channel}/recall/{spurt}", func(w http.ResponseWriter, r *http.Request) {
		m.note(r)
		w.Header().Set("Content-Type", "audio/ogg")
		http.ServeFile(w, r, "testdata/spurt.ogg")
	})
	mux.HandleFunc("POST /api/emergencies/acknowledge", func(w http.ResponseWriter, r *http.Request) {
		m.note(r)
		answer(w, 200, object{})
	})
	mux.HandleFunc("POST /api/events/{event}/pause", func(w http.ResponseWriter, r *http.Request) {
		m.note(r)
		answer(w, 200, object{"paused": object{"harbour": object{"userId": "n"}}})
	})
	mux.HandleFunc("POST /api/gateways/{gateway}/parrot", func(w http.ResponseWriter, r *http.Request) {
		m.note(r)
		m.mu.Lock()
		parrot := m.parrot
		m.mu.Unlock()
		parrot(w)
	})
	mux.HandleFunc("GET /demo/radios/events", func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, "") })
	mux.HandleFunc("PUT /api/channels/{channel}/floor", func(w http.ResponseWriter, r *http.Request) {
		m.note(r)
		m.mu.Lock()
		floor := m.floor
		m.mu.Unlock()
		floor(w)
	})
	mux.HandleFunc("PUT /api/channels/{channel}/emergency", func(w http.ResponseWriter, r *http.Request) {
		m.note(r)
		m.mu.Lock()
		alarm := m.alarm
		m.mu.Unlock()
		alarm(w)
	})
	ok := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			m.note(r)
			w.Header().Set("Location", r.URL.Path+"/1")
			w.WriteHeader(status)
		}
	}
	mux.HandleFunc("DELETE /api/channels/{channel}/floor", func(w http.ResponseWriter, r *http.Request) {
		ok(204)(w, r)
		m.send("state", quiet())
	})
	mux.HandleFunc("POST /whip/{channel}", func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		if r.URL.Query().Has("takeover") {
			m.asked = append(m.asked, "POST "+r.URL.Path+" takeover")
			m.taken = false
		}
		taken := m.taken
		m.mu.Unlock()
		if taken {
			w.Header().Set("Retry-After", "1")
			answer(w, 409, object{"error": "you talk elsewhere"})
			return
		}
		ok(201)(w, r)
	})
	mux.HandleFunc("POST /whep/{channel}", ok(201))
	mux.HandleFunc("DELETE /", ok(204))
	mux.HandleFunc("PUT /api/channels/{channel}/members/{user}/rights", ok(204))
	mux.HandleFunc("POST /demo/radios/{name}/{action...}", ok(204))
	m.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		m.CloseClientConnections()
		m.Close()
	})
	return m
}

// quiet is a channel with nobody talking.
func quiet() object {
	return object{"channel": "harbour", "redis": true, "recall": 3600, "holder": nil, "members": []object{
		{"userId": "visitor", "userName": "Visitor", "sending": false, "listening": true, "rights": true},
		{"userId": "n", "userName": "north-gate", "sending": false, "listening": true, "rights": true},
		{"userId": "s", "userName": "south-gate", "sending": false, "listening": true, "rights": true},
		{"userId": "d", "userName": "Duty officer", "sending": false, "listening": true, "rights": true},
	}}
}

// with returns o with some fields changed.
func with(o object, change object) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	for k, v := range change {
		c[k] = v
	}
	return c
}

func (m *mockHub) note(r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, r.Method+" "+r.URL.Path)
}

// count returns how often the page asked this.
func (m *mockHub) count(request string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.asked {
		if a == request {
			n++
		}
	}
	return n
}

func (m *mockHub) serve(w http.ResponseWriter, r *http.Request, first string) {
	frames := make(chan string, 256)
	m.mu.Lock()
	m.streams[frames] = r.URL.Path
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.streams, frames)
		m.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	for next := first; ; {
		fmt.Fprint(w, next)
		w.(http.Flusher).Flush()
		select {
		case next = <-frames:
		case <-r.Context().Done():
			return
		}
	}
}

// send puts an event on the channel's stream; a state is also what the next one begins with.
func (m *mockHub) send(event string, data object) {
	m.mu.Lock()
	defer m.mu.Unlock()
	path := "/api/channels/harbour/events"
	switch event {
	case "state":
		m.state = data
	case "radio":
		path = "/demo/radios/events"
	case "gateways", "overview", "emergencies":
		path = "/api/fleet/events"
	}
	for frames, p := range m.streams {
		if p == path {
			frames <- frame(event, data)
		}
	}
}

// grant makes the hub answer the next request for the floor.
func (m *mockHub) grant(status int, body object) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.floor = func(w http.ResponseWriter) { answer(w, status, body) }
}

// answerEmergency makes the hub grant the next request for an emergency.
func (m *mockHub) answerEmergency(body object) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alarm = func(w http.ResponseWriter) { answer(w, 200, body) }
}

// elsewhere says whether the visitor has a WHIP session in another tab.
func (m *mockHub) elsewhere(yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.taken = yes
}

// watched says whether a page reads the event stream at path.
func (m *mockHub) watched(path string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(slices.Collect(maps.Values(m.streams)), path)
}

// expire ends the stream and lets nobody in any more.
func (m *mockHub) expire() {
	m.mu.Lock()
	m.expired = true
	m.mu.Unlock()
	m.CloseClientConnections()
}

func frame(event string, data object) string {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", event, b)
}

func answer(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// token is shaped like a JWT; only a hub would check more.
func token(userID, userName, role string) string {
	claims, err := json.Marshal(object{"userId": userID, "userName": userName, "role": role, "channelIds": []string{"harbour"}})
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"
}

// peerConnectionStub connects to anything. It keeps what is attached to the sender
// in window.attached and its track in window.microphone.
const peerConnectionStub = `
const devices = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await devices(constraints);
  window.microphone = stream.getAudioTracks()[0];
  return stream;
};
window.RTCPeerConnection = class extends EventTarget {
  iceGatheringState = 'complete';
  connectionState = 'new';
  addTransceiver(kind, { direction }) {
    if (direction === 'sendonly') window.talkConnection = this;
    this.sender = { replaceTrack: async (track) => { window.attached = track; }, getStats: async () => new Map() };
    const silence = new AudioContext().createMediaStreamDestination().stream;
    this.receiver = { track: silence.getAudioTracks()[0] };
  }
  getSenders() { return [this.sender]; }
  getReceivers() { return [this.receiver]; }
  async setLocalDescription() { this.localDescription = { type: 'offer', sdp: 'v=0\r\n' }; }
  async setRemoteDescription() { this.become('connected'); }
  become(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
  close() { this.connectionState = 'closed'; }
};`

// toneMicrophone is a microphone that hears a tone, until unplug(), in place of the
// browser's own, which falls silent on a machine with much to do.
const toneMicrophone = `
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext(), tone = new OscillatorNode(context), out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  window.unplug = () => tone.disconnect();
  window.microphone = out.stream.getAudioTracks()[0];
  return out.stream;
};`
