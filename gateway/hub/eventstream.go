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
	// writeTime bounds one write to an event stream.
	writeTime = 5 * time.Second
)

// eventStream writes server-sent events (HTML standard, section 9.2).
type eventStream struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

// newEventStream begins to answer a request with events.
func newEventStream(w http.ResponseWriter) *eventStream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not collect events
	return &eventStream{w: w, ctl: http.NewResponseController(w)}
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
