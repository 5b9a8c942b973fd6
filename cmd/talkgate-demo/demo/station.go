package demo

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	link "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/redis"
)

// station is one virtual radio and its port: the very code that runs on a board,
// with connections of its own.
type station struct {
	name, userID, channel string
	// voice is what its microphone hears when it is pressed, from a sample
	// index on.
	voice func(from uint64) sim.Source
	radio *sim.Radio
	port  *port.Port
	// receives is whether its key is that of somebody whom the radio receives, in
	// place of its own button.
	receives bool
	code     string // that it obeys by DTMF; empty obeys none
}

// newStation prepares a station at a site; wrap, if not nil, may change what its
// port is made of.
func (s *Site) newStation(name, channel string, voice func(from uint64) sim.Source, wrap func(*station, *port.Options) error) (*station, error) {
	st := &station{name: name, userID: name, channel: channel, voice: voice, radio: sim.NewRadio(name, sim.Silence())}
	s.stations = append(s.stations, st)
	s.later(st.radio.Close)
	state, err := s.openState(name)
	if err != nil {
		return nil, err
	}
	opt := port.Options{
		UserID: st.userID, UserName: name,
		Role: redis.RoleGeneral,
		Tuning: port.Tuning{Talk: port.TalkTiming{
			Lease: time.Second, LockTTL: 3 * time.Second, MaxTalk: time.Minute, RequestTimeout: time.Second,
		}, Encoder: media.EncoderConfig{FEC: true}, Tones: floorTones()},
		Hardware: port.Hardware{
			PTT: st.radio.Button, Mic: st.radio.Mic, Speaker: st.radio.Speaker, Lamps: st.radio.Panel,
		},
		Lock: state, Rights: state, Floor: state,
		Logger: s.log(name),
	}
	l, err := s.newLink(st.userID, name, channel)
	if err != nil {
		return nil, err
	}
	opt.Channels = []port.Channel{{ID: channel, Link: l}}
	if wrap != nil {
		if err := wrap(st, &opt); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if st.port, err = port.New(opt); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.members = append(s.members, member{st.userID, channel, st.port.Run})
	return st, nil
}

// newLink makes a member's link to the site's hub.
func (s *Site) newLink(userID, userName, channel string) (*link.Link, error) {
	engine, err := s.openEngine(userID)
	if err != nil {
		return nil, err
	}
	l, err := link.New(link.Config{
		URL:     s.URL(),
		Channel: channel,
		Token: func(context.Context) (string, error) {
			return s.token(userID, userName, channel, redis.RoleGeneral)
		},
		Engine: engine,
		Logger: s.log(userID),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", userID, err)
	}
	return l, nil
}

// press holds the station's key down, which makes the microphone hear the voice from
// its beginning, or lets it up.
func (st *station) press(down bool) {
	mic := st.radio.Mic
	switch {
	case !st.receives && down && !st.radio.Pressed():
		mic.Hear(st.voice(mic.IndexAt(time.Now())))
		st.radio.Button.Set(true)
	case !st.receives:
		st.radio.Button.Set(down)
	case down && !st.radio.Receives():
		st.radio.Receive(st.voice(mic.IndexAt(time.Now())))
	case !down:
		st.radio.Fade()
	}
}

// dial lets the radio receive somebody who dials digits.
func (st *station) dial(digits string) {
	pause := uint64(hal.SampleRate / 4) // before the first
	st.radio.Receive(sim.Dial(digits, st.radio.Mic.IndexAt(time.Now())+pause))
	time.AfterFunc(time.Duration(pause+sim.DialTime(digits))*time.Second/hal.SampleRate, st.radio.Fade)
}

// pressed is whether the station's key is held down.
func (st *station) pressed() bool {
	if st.receives {
		return st.radio.Receives()
	}
	return st.radio.Pressed()
}

func (st *station) view() radioView {
	now := st.port.Status()
	return radioView{
		Name:    st.name,
		Pressed: st.pressed(),
		Lamps:   now.Lamps,
		Level:   math.Round(max(silent, st.radio.Speaker.Level())),
		State:   strings.ToLower(now.Floor.Phase.String()),
		Reason:  port.Why(now.Floor),
		Radio:   st.port.RadioStatus(),
	}
}

// floorTones are those that tell of the floor; the demo's links are up from its start.
func floorTones() *media.Tones {
	t := media.NewTones()
	t[media.LinkUp], t[media.LinkDown] = nil, nil
	return t
}
