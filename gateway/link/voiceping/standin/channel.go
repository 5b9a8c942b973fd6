package standin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// channel is the server's side of a channel: a router of media, and a
// subscription whose callback is registered again by every join.
type channel struct {
	id string

	mu        sync.Mutex
	members   []*member
	callbacks int // J
	sub       *goredis.PubSub
}

func (s *Server) channel(id string) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[id]
	if c == nil {
		c = &channel{id: id}
		s.channels[id] = c
	}
	return c
}

func (s *Server) router(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[id] != nil
}

func (c *channel) all() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

func (c *channel) remove(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = slices.DeleteFunc(c.members, func(o *member) bool { return o == m })
}

// join registers the member, and the callback once more.
func (s *Server) join(m *member, id string) int {
	c := s.channel(id)
	s.rdb.SAdd(s.ctx, "channel:"+id+":users", m.UserID)
	c.mu.Lock()
	if !slices.Contains(c.members, m) {
		c.members = append(c.members, m)
	}
	n := len(c.members)
	c.callbacks++
	fresh := c.sub == nil
	if fresh {
		c.sub = s.rdb.Subscribe(s.ctx, "channel:"+id+":events")
	}
	sub := c.sub
	c.mu.Unlock()
	if fresh {
		_, _ = sub.Receive(s.ctx)
		s.work.Go(func() { s.relay(c, sub) })
	}
	m.mu.Lock()
	if !slices.Contains(m.joined, id) {
		m.joined = append(m.joined, id)
	}
	m.mu.Unlock()
	return n
}

// relay sends every member J copies of what is published.
func (s *Server) relay(c *channel, sub *goredis.PubSub) {
	defer context.AfterFunc(s.ctx, func() { _ = sub.Close() })() // a read does not see its context end
	for {
		msg, err := sub.ReceiveMessage(s.ctx)
		if err != nil {
			_ = sub.Close()
			return
		}
		c.mu.Lock()
		copies := c.callbacks
		c.mu.Unlock()
		for range copies {
			for _, m := range c.all() {
				m.send(wire.Frame{Type: wire.SpeakerChanged, Data: json.RawMessage(msg.Payload)})
			}
		}
	}
}

// Joins adds to J what earlier sessions would have left.
func (s *Server) Joins(channel string, n int) {
	c := s.channel(channel)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callbacks += n
}

// leave unsubscribes the whole channel.
func (s *Server) leave(m *member, id string) {
	c := s.channel(id)
	c.remove(m)
	c.mu.Lock()
	if c.sub != nil {
		_ = c.sub.Close()
	}
	c.sub, c.callbacks = nil, 0
	c.mu.Unlock()
	s.rdb.SRem(s.ctx, "channel:"+id+":users", m.UserID)
	m.mu.Lock()
	m.joined = slices.DeleteFunc(m.joined, func(j string) bool { return j == id })
	delete(m.producer, id)
	m.mu.Unlock()
}

// broadcast sends to every member of a channel but one.
func (s *Server) broadcast(id string, but *member, t wire.Type, data any) {
	for _, m := range s.channel(id).all() {
		if m != but {
			m.push(t, data)
		}
	}
}

// lockValue is the speaker lock as the server writes it; unknown fields are
// ignored when it is read.
type lockValue struct {
	UserID    string `json:"userId"`
	UserName  string `json:"userName"`
	Timestamp int64  `json:"timestamp"`
}

// queued repeats a command until Redis answers it, as the real server's client
// does with what it is asked while Redis is away. Once the server closes it is
// tried no more.
func (s *Server) queued(command func(ctx context.Context) error) error {
	for {
		err := command(context.Background())
		if err == nil || errors.Is(err, goredis.Nil) || s.ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.ctx.Done():
		}
	}
}

func (s *Server) lock(id string) (lockValue, bool) {
	var text string
	err := s.queued(func(ctx context.Context) (err error) {
		text, err = s.rdb.Get(ctx, "channel:"+id+":speaker").Result()
		return err
	})
	var v lockValue
	return v, err == nil && json.Unmarshal([]byte(text), &v) == nil
}

func idle(id string) wire.State { return wire.State{ChannelID: id} }

func busy(id string, v lockValue) wire.State {
	return wire.State{ChannelID: id, CurrentSpeaker: &v.UserID, SpeakerName: &v.UserName, IsBusy: true, LockTimestamp: &v.Timestamp}
}

func (s *Server) state(id string) wire.State {
	if v, ok := s.lock(id); ok {
		return busy(id, v)
	}
	return idle(id)
}

func (s *Server) publish(id string, state wire.State) {
	_ = s.queued(func(ctx context.Context) error {
		return s.rdb.Publish(ctx, "channel:"+id+":events", string(raw(state))).Err()
	})
}

// acquire is SET NX with a TTL of 30 s.
func (s *Server) acquire(m *member, id string) (wire.State, bool) {
	v := lockValue{UserID: m.UserID, UserName: m.UserName, Timestamp: time.Now().UnixMilli()}
	var ok bool
	err := s.queued(func(ctx context.Context) (err error) {
		ok, err = s.rdb.SetNX(ctx, "channel:"+id+":speaker", string(raw(v)), 30*time.Second).Result()
		return err
	})
	if err != nil || !ok {
		return wire.State{}, false
	}
	state := busy(id, v)
	s.publish(id, state)
	return state, true
}

// release is read, compared and deleted in three steps, and says idle whatever
// came of it.
func (s *Server) release(id, user string) {
	if v, ok := s.lock(id); ok && v.UserID == user {
		s.step("ptt-stop:get")
		_ = s.queued(func(ctx context.Context) error { return s.rdb.Del(ctx, "channel:"+id+":speaker").Err() })
	}
	s.publish(id, idle(id))
}
