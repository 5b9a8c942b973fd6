package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// replay plays the members' part of a recorded session against the stand-in.
type replay struct {
	t      *testing.T
	s      *Server
	rdb    *goredis.Client
	ids    map[string]string // recorded to fresh
	got    map[string]map[string]int
	want   map[string]map[string]int
	mu     sync.Mutex
	conns  map[string]*websocket.Conn
	frames map[string][]wire.Frame // not yet looked at, by member
	news   chan struct{}
}

// TestTheRecordedSessionComesOutTheSame sends every frame that the members of
// the recording sent, and finds replies and pushes of the same shapes, section
// by section, errors word for word, and as many copies of speaker-changed.
func TestTheRecordedSessionComesOutTheSame(t *testing.T) {
	server := redistest.Start(t)
	s := Start(Config{Redis: server.Addr, Secret: []byte("secret of the test")})
	defer s.Close()
	f, err := os.Open("../testdata/wire.log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := wire.ReadSession(f)
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{t: t, s: s, rdb: goredis.NewClient(&goredis.Options{Addr: server.Addr}), ids: make(map[string]string),
		conns: make(map[string]*websocket.Conn), frames: make(map[string][]wire.Frame), news: make(chan struct{}, 1)}
	defer r.rdb.Close()
	// The recording began on a channel that had been joined twice before.
	s.Joins("c1", 2)
	section := ""
	r.section("")
	compared := 0
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Text, "## ") && !strings.HasPrefix(e.Text, "##  "):
			compared += r.compare(section)
			section = e.Text
			r.section(section)
		case e.Remark():
			r.remark(e)
		case e.Sent:
			r.send(e)
		default:
			r.expect(e)
		}
	}
	compared += r.compare(section)
	if compared < 100 {
		t.Fatalf("only %d shapes were compared", compared)
	}
}

func (r *replay) section(string) {
	r.got, r.want = make(map[string]map[string]int), make(map[string]map[string]int)
}

func (r *replay) token(user string) string {
	role, channels := "GENERAL", []string{"c1", "c2"}
	switch user {
	case "d1":
		role = "DISPATCH"
	case "u2":
		channels = channels[:1]
	}
	return r.s.Token(user, role, time.Hour, channels...)
}

func (r *replay) dial(user string) (int, error) {
	ws, resp, err := websocket.Dial(r.t.Context(), r.s.URL, &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol, r.token(user)}})
	if err != nil {
		if resp != nil {
			return resp.StatusCode, err
		}
		return 0, err
	}
	if ws.Subprotocol() != wire.Subprotocol {
		r.t.Errorf("subprotocol %q", ws.Subprotocol())
	}
	ws.SetReadLimit(wire.MaxFrame)
	r.mu.Lock()
	r.conns[user] = ws
	r.mu.Unlock()
	go func() {
		for {
			_, text, err := ws.Read(context.Background())
			if err != nil {
				r.mu.Lock()
				if r.conns[user] == ws {
					delete(r.conns, user)
				}
				r.mu.Unlock()
				return
			}
			frame, err := wire.Parse(text)
			if err != nil {
				frame = wire.Frame{Type: "unreadable", Error: err.Error()}
			}
			r.mu.Lock()
			r.frames[user] = append(r.frames[user], frame)
			r.mu.Unlock()
			select {
			case r.news <- struct{}{}:
			default:
			}
		}
	}()
	return http.StatusSwitchingProtocols, nil
}

func (r *replay) conn(user string) *websocket.Conn {
	r.mu.Lock()
	ws := r.conns[user]
	r.mu.Unlock()
	if ws == nil {
		if _, err := r.dial(user); err != nil {
			r.t.Fatalf("%s: %v", user, err)
		}
		ws = r.conns[user]
	}
	return ws
}

func (r *replay) remark(e wire.Entry) {
	switch {
	case strings.Contains(e.Text, "u2 dial: websocket: bad handshake: HTTP 403"):
		if status, err := r.dial("u2"); status != http.StatusForbidden {
			r.t.Errorf("a banned member is answered %d, %v", status, err)
		}
	case strings.Contains(e.Text, "u2 dial: <nil>"):
		r.conn("u2")
	case strings.HasPrefix(e.Text, "CLOSE read tcp"):
		r.settle()
		_ = r.conn(e.Who).CloseNow()
	case strings.Contains(e.Text, "dial with map[]"):
		if _, resp, _ := websocket.Dial(r.t.Context(), r.s.URL, nil); resp == nil || resp.StatusCode != http.StatusUnauthorized {
			r.t.Errorf("without a token: %v", resp)
		}
	}
}

// send sends a frame under the fresh ids and waits for its reply.
func (r *replay) send(e wire.Entry) {
	text := e.Text
	for old, fresh := range r.ids {
		text = strings.ReplaceAll(text, old, fresh)
	}
	f, _ := wire.Parse([]byte(e.Text))
	if f.Type == wire.BanUser || f.Type == wire.ForceDisconnect {
		r.settle() // what its victim was sent before still has to come
	}
	if f.ID == "d1-3-13" { // from here on the recording knows the event's channels
		r.rdb.HSet(r.t.Context(), "channel:events", "c1", "e1", "c2", "e1")
	}
	if err := r.conn(e.Who).Write(r.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		r.t.Fatalf("%s: %v", e.Text, err)
	}
	if f.ID != "" {
		r.await(e.Who, func(got wire.Frame) bool { return got.ID == f.ID })
	}
}

// await waits for a frame, without taking it.
func (r *replay) await(user string, is func(wire.Frame) bool) {
	for deadline := time.After(10 * time.Second); ; {
		r.mu.Lock()
		found := slices.ContainsFunc(r.frames[user], is)
		r.mu.Unlock()
		if found {
			return
		}
		select {
		case <-r.news:
		case <-deadline:
			r.t.Fatalf("%s waits in vain", user)
		}
	}
}

func (r *replay) expect(e wire.Entry) {
	f, err := wire.Parse([]byte(e.Text))
	if err != nil {
		r.t.Fatal(err)
	}
	if f.Type == wire.PermissionUpdate {
		var u map[string]any
		_ = f.Into(&u)
		u["userId"], u["eventId"] = e.Who, "e1"
		text, _ := json.Marshal(u)
		r.rdb.Publish(r.t.Context(), "vp:membership_updates", text)
		r.await(e.Who, func(got wire.Frame) bool { return got.Type == wire.PermissionUpdate })
	}
	var old, fresh struct {
		ID string `json:"id"`
	}
	if f.ID != "" && f.Into(&old) == nil && old.ID != "" {
		r.await(e.Who, func(got wire.Frame) bool {
			return got.ID == f.ID && got.Into(&fresh) == nil && fresh.ID != ""
		})
		r.ids[old.ID] = fresh.ID
	}
	count(r.want, e.Who, r.shape(f))
}

func count(m map[string]map[string]int, who, shape string) {
	if m[who] == nil {
		m[who] = make(map[string]int)
	}
	m[who][shape]++
}

// shape is a frame without its values, but for an error's text.
func (r *replay) shape(f wire.Frame) string {
	text := f.Error
	for old, fresh := range r.ids {
		text = strings.ReplaceAll(text, old, fresh)
	}
	var v any
	_ = json.Unmarshal(f.Data, &v)
	return fmt.Sprintf("%s id=%v %s %s", f.Type, f.ID != "", form(v), text)
}

func form(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+":"+form(v[k]))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case []any:
		forms := make(map[string]bool)
		for _, e := range v {
			forms[form(e)] = true
		}
		return "[" + strings.Join(slices.Sorted(maps.Keys(forms)), "|") + "]"
	}
	return fmt.Sprintf("%T", v)
}

// settle waits for quiet.
func (r *replay) settle() {
	for quiet := false; !quiet; {
		select {
		case <-r.news:
		case <-time.After(150 * time.Millisecond):
			quiet = true
		}
	}
}

// compare waits for what was recorded and then for quiet, and returns how many
// shapes there were.
func (r *replay) compare(section string) int {
	r.settle()
	r.mu.Lock()
	for who, frames := range r.frames {
		for _, f := range frames {
			count(r.got, who, r.shape(f))
		}
	}
	clear(r.frames)
	r.mu.Unlock()
	n := 0
	for who, shapes := range r.want {
		for shape, times := range shapes {
			n++
			if got := r.got[who][shape]; got == 0 {
				r.t.Errorf("%s\n%s did not get %s", section, who, shape)
			} else if got != times {
				r.t.Errorf("%s\n%s got %d, recorded are %d: %s", section, who, got, times, shape)
			}
		}
	}
	for who, shapes := range r.got {
		for shape := range shapes {
			if r.want[who][shape] == 0 {
				r.t.Errorf("%s\n%s got what is not recorded: %s", section, who, shape)
			}
		}
	}
	return n
}
