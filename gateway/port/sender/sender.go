// Package sender sends talk spurts: from the microphone's memory through the encoder and
// the TalkGate to the link.
package sender

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/media"
)

// Writer is where a talk spurt goes: the link.
type Writer interface {
	// WriteOpus sends one frame of media.FrameDuration. timestamp is the index of its
	// first sample, truncated as RTP does; first begins a talk spurt. It neither blocks
	// nor allocates.
	WriteOpus(frame []byte, timestamp uint32, first bool) error
}

// Voice is how a talk spurt sounds.
type Voice struct {
	Encoder *media.Encoder
	// Roger is a tone that is sent after what was said before a release; nil is none.
	Roger []int16
}

// Config is what a Sender is made of.
type Config struct {
	Gate  *TalkGate
	Mic   *media.Mic
	Link  Writer
	Voice Voice
	// Lag is by how many samples a frame is sent later than it could be, so that the
	// noise at the end of a talk spurt can still be muted.
	Lag uint64
	// Behind is by how many samples the microphone's memory is behind the present.
	Behind uint64
	// Now is the port's monotonic clock.
	Now func() time.Duration
	// Drained is called once the end of a talk spurt has been sent, Turned with each
	// turn of Run. Drained may block, Turned does not.
	Drained func(gen uint32)
	Turned  func()
}

// Sender sends talk spurts. The actor begins and ends them with Open, Extend, Drain and
// Close; Run does the rest on a goroutine of its own.
type Sender struct {
	cfg  Config
	mute mute

	spurt atomic.Pointer[spurt] // nil while nobody talks
	voice atomic.Pointer[Voice] // of the next talk spurt; nil is no change
	wake  chan struct{}

	sent, unsent, skipped, paused atomic.Uint64

	silent atomic.Bool // DTX: the talk spurt is in a pause

	// What follows belongs to the goroutine of Run.
	cur   *spurt
	next  uint64 // first sample that has not been sent
	first bool
	done  bool // Drained was called for the present end
	pause bool // the listeners know of the pause
	pcm   [media.FrameSamples]int16
	opus  [media.MaxOpusFrame]byte
}

// spurt is one talk spurt. Samples are those of the microphone, by index.
type spurt struct {
	gen   uint32
	start uint64
	// end is the first sample that is not sent; endless until the release.
	end atomic.Uint64
}

const endless = math.MaxUint64

// Stats counts frames of media.FrameDuration since the start.
type Stats struct {
	Sent    uint64 // handed to the link
	Unsent  uint64 // refused by the link
	Skipped uint64 // not encoded, or overwritten in the microphone's memory
	Paused  uint64 // not sent because of DTX (media.EncoderConfig)
}

// New makes a Sender that sends nothing yet.
func New(cfg Config) *Sender { return &Sender{cfg: cfg, wake: make(chan struct{}, 1)} }

// Open begins the talk spurt of request gen with the sound at pressed, and lets it pass
// until the deadline. If that talk spurt is about to end, it goes on.
func (s *Sender) Open(gen uint32, pressed time.Time, until time.Duration) {
	if now := s.spurt.Load(); now != nil && now.gen == gen {
		now.end.Store(endless)
	} else {
		next := &spurt{gen: gen, start: s.startOf(pressed)}
		next.end.Store(endless)
		s.spurt.Store(next)
	}
	s.cfg.Gate.Open(until)
	s.nudge()
}

// startOf is where a talk spurt begins: at the press, or a little before it so that there
// is a whole frame to send at once.
func (s *Sender) startOf(pressed time.Time) uint64 {
	start := s.cfg.Mic.IndexAt(pressed)
	head := s.cfg.Mic.Head() + s.cfg.Behind
	if head < start+media.FrameSamples {
		start = head - min(head, media.FrameSamples)
	}
	return start
}

// Extend moves the deadline of the talk spurt.
func (s *Sender) Extend(until time.Duration) { s.cfg.Gate.Open(until) }

// Drain sends what was said before released, and nothing later.
func (s *Sender) Drain(released time.Time) {
	if now := s.spurt.Load(); now != nil {
		now.end.Store(max(s.cfg.Mic.IndexAt(released), now.start))
		s.nudge()
	}
}

// Close ends the talk spurt: not one frame more is sent.
func (s *Sender) Close() {
	s.cfg.Gate.Shut()
	s.spurt.Store(nil)
}

// SetVoice changes the voice from the next talk spurt on.
func (s *Sender) SetVoice(v Voice) { s.voice.Store(&v) }

// Mute sends silence from a sample of the microphone on, until Unmute. One goroutine
// calls the two.
func (s *Sender) Mute(from uint64) { s.mute.begin(from) }

// Unmute ends a Mute at a sample of the microphone.
func (s *Sender) Unmute(to uint64) { s.mute.end(to) }

// Talks reports whether there is a talk spurt. Any goroutine may call it.
func (s *Sender) Talks() bool { return s.spurt.Load() != nil }

// Pauses reports whether DTX sends nothing at present, within a talk spurt. Any goroutine
// may call it.
func (s *Sender) Pauses() bool { return s.Talks() && s.silent.Load() }

// Lookahead is by how many samples the encoder is late. Only the goroutine of Run may
// call it, or a test.
func (s *Sender) Lookahead() int { return s.cfg.Voice.Encoder.Lookahead() }

// Stats counts frames. Any goroutine may call it.
func (s *Sender) Stats() Stats {
	return Stats{Sent: s.sent.Load(), Unsent: s.unsent.Load(), Skipped: s.skipped.Load(), Paused: s.paused.Load()}
}

func (s *Sender) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	tick := time.NewTicker(pulse.Period)
	defer tick.Stop()
	for {
		s.cfg.Turned()
		select {
		case <-ctx.Done():
			return
		case <-s.cfg.Mic.Captured():
		case <-s.wake:
		case <-tick.C:
		}
		for s.SendFrame() {
		}
	}
}

// SendFrame sends one frame of the present talk spurt. It reports whether there may be
// another one to send now. Run calls it; a test that does not use Run may.
func (s *Sender) SendFrame() (more bool) {
	now := s.spurt.Load()
	if now == nil {
		return false
	}
	if now != s.cur {
		if v := s.voice.Swap(nil); v != nil {
			s.cfg.Voice = *v
		}
		s.cur, s.next, s.first, s.done, s.pause = now, now.start, true, false, false
		s.cfg.Voice.Encoder.Reset()
	}
	enc, roger := s.cfg.Voice.Encoder, s.cfg.Voice.Roger
	end := now.end.Load()
	if end == endless {
		s.done = false
	} else if s.next >= end+uint64(len(roger)+enc.Lookahead()) && !s.pause {
		// The encoder has delivered the last sample, and no listener waits for the end
		// of a pause.
		if !s.done {
			s.done = true
			s.cfg.Drained(now.gen)
		}
		return false
	}
	if !s.read(end) {
		return false
	}
	mayPause := end == endless
	enc.Pauses(mayPause)
	n, err := enc.Encode(s.pcm[:], s.opus[:])
	timestamp := uint32(s.next)
	s.next += media.FrameSamples
	pause := mayPause && err == nil && media.Pause(s.opus[:n])
	s.silent.Store(pause || s.pause)
	s.pause = pause && s.pause
	if err != nil {
		s.skipped.Add(1)
		return true
	}

	// Encoding takes its time. Only now is the gate asked.
	if !s.cfg.Gate.Passes(s.cfg.Now()) || s.spurt.Load() != now {
		return false
	}
	if s.pause {
		s.paused.Add(1)
		return true
	}
	if err := s.cfg.Link.WriteOpus(s.opus[:n], timestamp, s.first); err != nil {
		s.unsent.Add(1)
		return false // the next frame may be taken at the next turn
	}
	s.first, s.pause = false, pause
	s.sent.Add(1)
	return true
}

// read fills pcm with the frame at next: from end on the roger tone, then silence. It
// reports false while not all of the frame is captured, or it is too early for the roger.
func (s *Sender) read(end uint64) bool {
	if !s.readMic(end) {
		return false
	}
	s.mute.apply(s.next, s.pcm[:])
	roger := s.cfg.Voice.Roger
	if from, to := max(s.next, end), s.next+media.FrameSamples; end != endless && from < min(to, end+uint64(len(roger))) {
		copy(s.pcm[from-s.next:], roger[from-end:])
	}
	return true
}

// readMic is read without the roger.
func (s *Sender) readMic(end uint64) bool {
	head := s.cfg.Mic.Head()
	want := uint64(media.FrameSamples)
	if len(s.cfg.Voice.Roger) > 0 && s.next+want > head { // the microphone's clock paces it
		return false
	}
	lag := s.cfg.Lag
	if end != endless {
		lag = 0
	}
	if end < s.next+want {
		want = end - min(end, s.next)
	}
	if s.next+want+lag > head {
		return false
	}
	clear(s.pcm[want:])
	if want == 0 || s.cfg.Mic.ReadAt(s.next, s.pcm[:want]) {
		return true
	}
	// The grant came later than the memory is long: the beginning is overwritten. Go on
	// with the latest frame, so that what is sent is current speech.
	s.skipped.Add(1)
	s.next = head - min(head, media.FrameSamples)
	return s.cfg.Mic.ReadAt(s.next, s.pcm[:])
}
