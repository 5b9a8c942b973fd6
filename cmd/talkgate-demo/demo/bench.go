package demo

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// bench is a site with pairs of radios under test.
type bench struct {
	site  *Site
	pairs []*pair
}

// packetsPerTrial is room for what is sent or heard in one trial, which lasts
// for 5 to 10 packets when nothing stalls.
const packetsPerTrial = 40

// spareTrials is room for trials that are repeated.
const spareTrials = 50

// newBench makes one for so many presses. spoil, if not nil, changes what each
// port is made of.
func newBench(cfg Config, presses int, spoil func(*port.Options)) (_ *bench, err error) {
	site, err := newSite(cfg)
	if err != nil {
		return nil, err
	}
	b := &bench{site: site}
	defer func() {
		if err != nil {
			err = errors.Join(err, site.close())
		}
	}()
	enc, err := media.NewEncoder(media.EncoderConfig{FEC: true})
	if err != nil {
		return nil, err
	}
	run := rand.Uint32() // so that two selftests may share a Redis
	pairs := pairsFor(presses)
	for i := range pairs {
		p := &pair{
			setRights: site.setRights,
			rnd:       rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
			lookahead: enc.Lookahead(),
		}
		channel := fmt.Sprintf("selftest-%x-%d", run, i)
		room := (3*share(presses, pairs, i) + spareTrials) * packetsPerTrial
		seed := maphash.MakeSeed()
		for k, st := range []**tested{&p.talker, &p.listener} {
			*st, err = b.newTested(fmt.Sprintf("%s-%c", channel, 'a'+k), channel, seed, room, spoil)
			if err != nil {
				return nil, err
			}
		}
		if p.witness, err = b.newWitness(channel+"-w", channel, seed, room); err != nil {
			return nil, err
		}
		b.pairs = append(b.pairs, p)
	}
	return b, nil
}

// tested is a station that is measured.
type tested struct {
	*station
	source   sim.Source
	probe    *probe
	recorder *sim.Recorder
	// loud is when the loudspeaker last was not silent, in nanoseconds from
	// opened on.
	loud   atomic.Int64
	opened time.Time
	lost   moment
	// The present trial began then, with the packet of this number.
	began time.Time
	mark  int
}

// newTested adds a station that is measured. It plays no tones: they would be
// heard in the midst of the next trial.
func (b *bench) newTested(name, channel string, seed maphash.Seed, room int, spoil func(*port.Options)) (*tested, error) {
	t := &tested{recorder: sim.NewRecorder(memory), opened: time.Now()}
	var err error
	t.station, err = b.site.newStation(name, channel, nil, func(_ *station, opt *port.Options) error {
		t.probe = &probe{Link: opt.Channels[0].Link, sent: newTape(seed, room, false), heard: newTape(seed, room, true)}
		opt.Channels[0].Link, opt.Tones = t.probe, nil
		opt.Rights = watched{opt.Rights, channel, &t.lost}
		if spoil != nil {
			spoil(opt)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.radio.Speaker.SetTap(t.tap)
	return t, nil
}

// tap takes what the loudspeaker plays.
func (t *tested) tap(at time.Time, period []int16) {
	t.recorder.Tap(at, period)
	if slices.ContainsFunc(period, func(v int16) bool { return v > faint || v < -faint }) {
		end := at.Add(time.Duration(len(period)) * time.Second / hal.SampleRate)
		t.loud.Store(int64(end.Sub(t.opened)))
	}
}

// play makes source the microphone input from now on, by the index of its samples.
func (t *tested) play(source sim.Source) {
	t.source = source
	t.radio.Mic.Hear(source)
}

// newWitness adds a member who only listens, and returns what it hears.
func (b *bench) newWitness(name, channel string, seed maphash.Seed, room int) (*tape, error) {
	l, err := b.site.newLink(name, name, channel)
	if err != nil {
		return nil, err
	}
	heard := newTape(seed, 2*room, false)
	b.site.members = append(b.site.members, member{name, channel, func(ctx context.Context) error {
		return l.Run(ctx, probedEvents{nobody{}, heard})
	}})
	return heard, nil
}

// nobody is behind the witness's link.
type nobody struct{}

func (nobody) LinkUp()              {}
func (nobody) LinkDown(error)       {}
func (nobody) Receive(media.Packet) {}

// Unheard implements port.LinkEvents.
func (nobody) Unheard(string) { /* not of interest */ }

// setRights gives or takes talk rights as a control plane does.
func (s *Site) setRights(ctx context.Context, st *station, held bool) error {
	if held {
		return s.admit(ctx, st.userID, st.channel)
	}
	_, err := s.state.RevokeRights(ctx, st.userID, st.channel)
	return err
}
