package hub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// keepalive is how often an idle event stream says that it is alive.
	keepalive = 5 * time.Second
	// roomKeepalive is that where the hub hears nobody and sends no levels, by
	// which a page that talks knows that it is there.
	roomKeepalive = time.Second
	// writeTime bounds one write to an event stream.
	writeTime = 5 * time.Second
)

// events answers GET /api/channels/{channel}/events with server-sent events.
func (h *Hub) events(w http.ResponseWriter, r *http.Request, c *Claims) {
	ch := h.enter(r.PathValue("channel"))
	defer h.leave(ch)
	m := ch.join(c.UserID, c.UserName)
	defer ch.part(m)
	watch := ch.openStream(m)
	if watch == nil {
		writeError(w, http.StatusTooManyRequests, "you have as many event streams on this channel as you may: end one")
		return
	}
	defer ch.closeStream(m, watch)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not collect events
	s := &eventStream{w: w, ctl: http.NewResponseController(w)}
	alive := keepalive
	if h.cfg.Rooms != nil {
		alive = roomKeepalive
	}
	tick := time.NewTicker(alive)
	defer tick.Stop()
	select {
	case <-ch.known: // so that the first state says more than that nothing is known yet
	case <-r.Context().Done():
		return
	}
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-h.ctx.Done():
			return
		case <-tick.C:
			err = s.comment()
		case <-watch.wake:
			err = s.forward(ch, watch)
		}
		if err != nil {
			return
		}
	}
}

// eventStream writes server-sent events (HTML standard, section 9.2).
type eventStream struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

func (s *eventStream) forward(ch *channel, watch *watcher) error {
	stale, notices, levels := watch.take()
	for _, n := range notices {
		if err := s.send("notice", n); err != nil {
			return err
		}
	}
	if stale {
		if err := s.send("state", ch.shownState()); err != nil {
			return err
		}
	}
	if levels != nil {
		return s.send("levels", struct {
			Levels map[string]float64 `json:"levels"`
		}{levels})
	}
	return nil
}

func (s *eventStream) send(event string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", event, err)
	}
	return s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, b))
}

func (s *eventStream) comment() error { return s.write(":\n\n") }

func (s *eventStream) write(text string) error {
	// A server that was not ours may not know deadlines; its write then has none.
	_ = s.ctl.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("event stream: %w", err)
	}
	if err := s.ctl.Flush(); err != nil {
		return fmt.Errorf("event stream: %w", err)
	}
	return nil
}
