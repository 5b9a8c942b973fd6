// Package mixer mixes the channels that a port listens to: when more than one of them
// speaks, it decides what is heard.
package mixer

import (
	"context"
	"sync"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// Mixer makes one stream, or two with Config.Duck, of the packets of several channels.
type Mixer struct {
	channels  []string
	deliver   func(media.Packet)
	emergency func(on bool)

	wake chan struct{} // somebody begins to speak

	mu      sync.Mutex
	chooser chooser
	merge   [2]*rtc.Merge // by voice
	said    []time.Time   // the last packet of each channel
}

// New makes a Mixer of channels: the one that is talked on, and the monitored ones, the
// more important first. deliver receives what is heard; it neither blocks nor allocates,
// and returns before the packet's bytes are used again. emergency is called when an
// emergency on a monitored channel begins to be heard, or ends.
func New(channels []string, cfg Config, deliver func(media.Packet), emergency func(on bool)) *Mixer {
	return &Mixer{
		channels: channels, deliver: deliver, emergency: emergency, wake: make(chan struct{}, 1),
		chooser: newChooser(cfg, len(channels)), merge: [2]*rtc.Merge{rtc.NewMerge(), rtc.NewMerge()}, said: make([]time.Time, len(channels)),
	}
}

// Receive applies a packet of p.Channel, an index of the channels. Any goroutine may call
// it. It neither blocks nor allocates.
func (m *Mixer) Receive(p media.Packet) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onSpeech(p)
	if v, ok := m.chooser.choose(p.Channel, p.Arrived, media.Pause(p.Opus)); ok {
		p.Voice, p.Lesser = v.voice, v.lesser
		m.deliver(m.merge[v.voice].Join(p, v.turn))
	}
}

// Hears is the channel that is heard now, the most important of two; empty for none.
func (m *Mixer) Hears() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.chooser.hears(time.Now()); c != nobody {
		return m.channels[c]
	}
	return ""
}

// Run looks for emergencies until ctx ends.
func (m *Mixer) Run(ctx context.Context) {
	if m.chooser.cfg.Emergency == nil {
		return
	}
	defer m.setUrgent(make([]bool, len(m.channels)))
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		case <-tick.C:
		}
		urgent := m.speaking()
		for c := range urgent {
			urgent[c] = urgent[c] && m.chooser.cfg.Emergency(ctx, m.channels[c])
		}
		m.setUrgent(urgent)
	}
}
