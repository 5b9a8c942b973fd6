// Package receive turns what a channel says into what the loudspeaker is given: jitter
// buffer, decoder, and tones over it.
package receive

import (
	"context"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/jitter"
)

// Config is what a Receiver is made of.
type Config struct {
	Tones *media.Tones // nil plays none
	// Duck makes the lesser of two voices softer by so many decibels, which are
	// negative; 0 is one voice at a time.
	Duck float64
	// Loop is told of all that is played; nil where nothing looks for loops.
	Loop *detect.Loop
	Log  *slog.Logger
}

// Receiver is the receive path of a port. A link pushes packets, the card's goroutine
// pulls sound.
type Receiver struct {
	cfg     Config
	voices  []*jitter.Buffer
	playout *media.Playout
}

// New makes a Receiver. An error means that the decoder is not to be had.
func New(cfg Config) (*Receiver, error) {
	r := &Receiver{cfg: cfg, voices: []*jitter.Buffer{jitter.New(jitter.Config{})}}
	var err error
	if r.playout, err = media.NewPlayout(r.voices[0], cfg.Tones); err != nil {
		return nil, err
	}
	if cfg.Duck != 0 {
		second := jitter.New(jitter.Config{})
		r.voices = append(r.voices, second)
		if err = r.playout.Beside(second, cfg.Duck); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Receive applies one packet, of voice p.Voice. p.Opus is the caller's again when it
// returns. It neither blocks nor allocates.
func (r *Receiver) Receive(p media.Packet) {
	if p.Voice < len(r.voices) {
		r.voices[p.Voice].Push(p)
	}
}

// Fill makes the next sound, with tones over it, and reports whether it is more than
// silence. The card's goroutine calls it. It neither blocks nor allocates.
func (r *Receiver) Fill(period []int16) (sounds bool) {
	sounds = r.playout.Fill(period)
	if r.cfg.Loop != nil {
		r.cfg.Loop.Told(period)
	}
	return sounds
}

// Playout plays tones over what is received, and meters the whole.
func (r *Receiver) Playout() *media.Playout { return r.playout }

// Stats counts the packets of all voices; delays are of the first.
func (r *Receiver) Stats() jitter.Stats {
	all := r.voices[0].Stats()
	for _, more := range r.voices[1:] {
		all = all.Plus(more.Stats())
	}
	return all
}

// unplayableEvery is the least time between two log lines about packets that cannot be
// played.
const unplayableEvery = time.Minute

// Watch logs until ctx ends that packets cannot be played, and how many: at once when the
// first comes, and then at most once in unplayableEvery.
func (r *Receiver) Watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	logged := uint64(0)
	var next time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n := r.Stats().Refused + r.playout.Stats().Broken
		if now := time.Now(); n > logged && !now.Before(next) {
			r.cfg.Log.Warn("received packets that cannot be played: they are not Opus, or more than there is room for", "packets", n-logged)
			logged, next = n, now.Add(unplayableEvery)
		}
	}
}
