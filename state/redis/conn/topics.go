package conn

import (
	"context"
	"time"
)

// topic is one Redis channel and who listens.
type topic struct {
	feeds     map[*Feed]struct{}
	confirmed bool
}

// listen subscribes a new feed to topics.
func (s *subscriber) listen(topics ...string) (*Feed, error) {
	f := &Feed{subs: s, topics: topics, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, ErrClosed
	}
	var added []string
	for _, name := range f.topics {
		t := s.topics[name]
		if t == nil {
			t = &topic{feeds: map[*Feed]struct{}{}}
			s.topics[name] = t
			added = append(added, name)
		}
		t.feeds[f] = struct{}{}
	}
	if !s.runs {
		s.runs = true
		s.done.Go(s.run)
	}
	switch {
	case len(added) == 0:
		s.notifyFresh(f)
	case s.conn != nil:
		s.write(s.conn.Subscribe, added)
	default:
		s.nudge()
	}
	return f, nil
}

func (s *subscriber) leave(f *Feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gone []string
	for _, name := range f.topics {
		t := s.topics[name]
		delete(t.feeds, f)
		if len(t.feeds) == 0 {
			delete(s.topics, name)
			gone = append(gone, name)
		}
	}
	if s.conn != nil && len(gone) > 0 {
		s.write(s.conn.Unsubscribe, gone)
	}
}

// write changes the subscription of a live connection. A connection that takes
// no writes is closed, upon which the receiver begins anew.
func (s *subscriber) write(do func(context.Context, ...string) error, names []string) {
	if err := do(withoutDial(s.ctx), names...); err != nil {
		s.log.Warn("subscription is broken", "err", err)
		s.conn.Close()
	}
}

// refresh asks the feeds of a topic to read what is stored.
func (s *subscriber) refresh(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.topics[name]; t != nil {
		for f := range t.feeds {
			f.put(Note{Fresh: true})
		}
	}
}

// attach makes a connection the present one and mends what was joined or left
// while it was being made.
func (s *subscriber) attach(conn pubsub, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	asked := map[string]bool{}
	var gone, added []string
	for _, name := range names {
		asked[name] = true
		if s.topics[name] == nil {
			gone = append(gone, name)
		}
	}
	for name := range s.topics {
		if !asked[name] {
			added = append(added, name)
		}
	}
	if len(added) > 0 {
		s.write(conn.Subscribe, added)
	}
	if len(gone) > 0 {
		s.write(conn.Unsubscribe, gone)
	}
}

// confirm notes that Redis took a subscription; true once all stand.
func (s *subscriber) confirm(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[name]
	if t == nil {
		return false
	}
	t.confirmed = true
	for f := range t.feeds {
		s.notifyFresh(f)
	}
	for _, t := range s.topics {
		if !t.confirmed {
			return false
		}
	}
	if !s.status.Connected {
		s.status.Connected, s.status.Since = true, time.Now()
		s.log.Info("subscribed", "topics", len(s.topics))
	}
	return true
}

// notifyFresh puts a fresh note into a feed once all its topics are confirmed.
func (s *subscriber) notifyFresh(f *Feed) {
	for _, name := range f.topics {
		if !s.topics[name].confirmed {
			return
		}
	}
	f.put(Note{Fresh: true})
}

func (s *subscriber) deliver(name, payload string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.topics[name]; t != nil {
		for f := range t.feeds {
			f.put(Note{Topic: name, Payload: payload})
		}
	}
}

func (s *subscriber) down(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = nil
	if s.status.Connected || s.status.Err == nil {
		s.status.Since = time.Now()
	}
	s.status.Connected, s.status.Err = false, err
	notified := map[*Feed]bool{}
	for _, t := range s.topics {
		t.confirmed = false
		for f := range t.feeds {
			if !notified[f] {
				notified[f] = true
				f.put(Note{Down: err})
			}
		}
	}
}
