package hub

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// talker is a member's voice. What it says is numbered.
type talker struct {
	*rtc.Publication
	t     testing.TB
	path  string
	spoke int
}

func (s *site) talker(user string) *talker {
	s.t.Helper()
	return s.talkerOn(channelID, claims(user))
}

func (s *site) talkerOn(channel string, c *auth.Claims) *talker {
	s.t.Helper()
	tk := &talker{t: s.t}
	p, err := s.port.Publish(s.t.Context(), s.exchangeOn(channel, whip.KindWHIP, c, &tk.path))
	if err != nil {
		s.t.Fatal(err)
	}
	tk.Publication = p
	s.t.Cleanup(func() { _ = p.Close() })
	return tk
}

// say sends n frames, the first of them with the marker bit if first.
func (tk *talker) say(first bool, n int) {
	tk.t.Helper()
	for i := range n {
		frame := []byte{0xF8, byte(tk.spoke >> 8), byte(tk.spoke), 0xFF, 0xFE}
		if err := tk.WriteOpus(frame, uint32(tk.spoke*media.FrameSamples), first && i == 0); err != nil {
			tk.t.Fatal(err)
		}
		tk.spoke++
	}
}

// keepSaying sends a frame every few milliseconds until ok.
func (tk *talker) keepSaying(what string, ok func() bool) {
	tk.t.Helper()
	first := true
	eventually(tk.t, what, func() bool {
		tk.say(first, 1)
		first = false
		time.Sleep(4 * time.Millisecond)
		return ok()
	})
}

// ear is what a member heard.
type ear struct {
	mu    sync.Mutex
	heard []media.Packet
	path  string
	sub   *rtc.Subscription
}

func (s *site) ear(user string) *ear {
	s.t.Helper()
	return s.earOn(channelID, claims(user))
}

func (s *site) earOn(channel string, c *auth.Claims) *ear {
	s.t.Helper()
	e := &ear{}
	sub, err := s.port.Subscribe(s.t.Context(), s.exchangeOn(channel, whip.KindWHEP, c, &e.path), func(p media.Packet) {
		p.Opus = bytes.Clone(p.Opus)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard = append(e.heard, p)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	e.sub = sub
	s.t.Cleanup(func() { _ = sub.Close() })
	s.await(e)
	return e
}

// await waits until packets of the hub reach an ear that has just connected: the
// two ends of a connection do not stand at the same moment.
func (s *site) await(e *ear) {
	s.t.Helper()
	out := s.media.out.Load()
	probe := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: []byte{0xF8, 0xFF, 0}}
	eventually(s.t, "the ear hears a probe", func() bool {
		probe.SequenceNumber++
		probe.Payload[2]++
		if err := out.WriteRTP(probe); err != nil {
			s.t.Fatal(err)
		}
		for range 20 {
			time.Sleep(time.Millisecond)
			if heard := e.packets(); len(heard) > 0 && heard[len(heard)-1].Opus[2] == probe.Payload[2] {
				return true
			}
		}
		return false
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = nil
}

func (e *ear) packets() []media.Packet {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]media.Packet(nil), e.heard...)
}

func (e *ear) count() int { return len(e.packets()) }

// number is which of a talker's frames a packet carries.
func number(p media.Packet) int { return int(p.Opus[1])<<8 | int(p.Opus[2]) }
