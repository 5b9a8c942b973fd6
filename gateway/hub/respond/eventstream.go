// Package respond writes the hub's answers: JSON, errors and event streams.
package respond

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// Keepalive is how often an idle event stream says that it is alive.
	Keepalive = 5 * time.Second
	// WriteTime bounds one write to an event stream.
	WriteTime = 5 * time.Second
)

// EventStream writes server-sent events (HTML standard, section 9.2).
type EventStream struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

// NewEventStream begins to answer a request with events.
func NewEventStream(w http.ResponseWriter) *EventStream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not collect events
	return &EventStream{w: w, ctl: http.NewResponseController(w)}
}

// Send sends an event with data as JSON. The error says that the reader is gone.
func (s *EventStream) Send(event string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", event, err)
	}
	return s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, b))
}

// Comment sends a comment, which tells both ends that the other is there.
func (s *EventStream) Comment() error { return s.write(":\n\n") }

func (s *EventStream) write(text string) error {
	// A server that was not ours may not know deadlines; its write then has none.
	_ = s.ctl.SetWriteDeadline(time.Now().Add(WriteTime))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("event stream: %w", err)
	}
	if err := s.ctl.Flush(); err != nil {
		return fmt.Errorf("event stream: %w", err)
	}
	return nil
}
