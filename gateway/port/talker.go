package port

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/media"
)

// opusWriter is where a talk spurt goes: the link.
type opusWriter interface {
	WriteOpus(frame []byte, timestamp uint32, first bool) error
}

// spurt is one talk spurt as the talker sees it. Samples are those of the
// microphone, by index.
type spurt struct {
	gen   uint32
	start uint64
	// end is the first sample that is not sent any more, endless while the
	// push-to-talk is held.
	end atomic.Uint64
}

const endless = math.MaxUint64

// talker sends talk spurts: from the microphone's memory through the encoder
// and the TalkGate to the link. The actor opens and ends them; one goroutine,
// run, does the rest.
type talker struct {
	gate    TalkGate
	mic     *media.Mic
	enc     *media.Encoder
	link    opusWriter
	now     func() time.Duration
	drained func(gen uint32) // called once the end of a spurt has been sent
	turned  func()           // called with each turn of run
	roger   []int16          // sent after what was said before a release

	// lag is by how many samples a frame is sent later than it could be, so that
	// what ends a talk spurt can still be cut off. mute is what is not heard of it.
	lag  uint64
	mute mute
	// behind is by how many samples the microphone's memory is behind the present.
	behind uint64

	spurt atomic.Pointer[spurt]
	voice atomic.Pointer[voice] // of the next talk spurt; nil is the same as before
	wake  chan struct{}

	sent, unsent, skipped, paused atomic.Uint64

	rests atomic.Bool // DTX: nothing is said, refreshes of that and all

	// What follows belongs to run.
	cur   *spurt
	next  uint64 // first sample not yet sent
	first bool
	done  bool // drained was called for the present end
	pause bool // the listeners know that nothing is said
	pcm   [media.FrameSamples]int16
	opus  [media.MaxOpusFrame]byte
}

// TalkStats counts frames of 20 ms since the port was started.
type TalkStats struct {
	Sent    uint64 // handed to the link
	Unsent  uint64 // refused by the link
	Skipped uint64 // not encoded, or overwritten in the microphone's memory before
	Paused  uint64 // not sent, as nothing was said (media.EncoderConfig.DTX)
}

func newTalker(mic *media.Mic, enc *media.Encoder, link opusWriter, now func() time.Duration, drained func(uint32)) *talker {
	return &talker{mic: mic, enc: enc, link: link, now: now, drained: drained, turned: func() {}, wake: make(chan struct{}, 1)}
}

// open starts the talk spurt of request gen with what was said at pressed, or
// goes on with it when it was about to end.
func (t *talker) open(gen uint32, pressed time.Time, until time.Duration) {
	if s := t.spurt.Load(); s != nil && s.gen == gen {
		s.end.Store(endless)
	} else {
		s := &spurt{gen: gen, start: t.startOf(pressed)}
		s.end.Store(endless)
		t.spurt.Store(s)
	}
	t.gate.Open(until)
	t.nudge()
}

// startOf is where a talk spurt begins: at the press, or a little before it so
// that there is a whole frame to send at once.
func (t *talker) startOf(pressed time.Time) uint64 {
	start := t.mic.IndexAt(pressed)
	head := t.mic.Head() + t.behind
	if head < start+media.FrameSamples {
		start = head - min(head, media.FrameSamples)
	}
	return start
}

// voice is how a talk spurt is sent.
type voice struct {
	enc   *media.Encoder
	roger []int16
}

// speakWith takes another voice from the next talk spurt on.
func (t *talker) speakWith(v voice) { t.voice.Store(&v) }

// extend moves the deadline of the talk spurt.
func (t *talker) extend(until time.Duration) { t.gate.Open(until) }

// drain sends what was said before released, nothing later.
func (t *talker) drain(released time.Time) {
	if s := t.spurt.Load(); s != nil {
		s.end.Store(max(t.mic.IndexAt(released), s.start))
		t.nudge()
	}
}

// shut ends the talk spurt: not one frame more.
func (t *talker) shut() {
	t.gate.Shut()
	t.spurt.Store(nil)
}

func (t *talker) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// stats may be called from any goroutine.
func (t *talker) stats() TalkStats {
	return TalkStats{Sent: t.sent.Load(), Unsent: t.unsent.Load(), Skipped: t.skipped.Load(), Paused: t.paused.Load()}
}

// pauses reports whether DTX sends nothing now, as nothing is said in the talk spurt.
// Any goroutine may call it.
func (t *talker) pauses() bool { return t.spurt.Load() != nil && t.rests.Load() }

// run sends until ctx ends.
func (t *talker) run(ctx context.Context) {
	pulse := time.NewTicker(pulsePeriod)
	defer pulse.Stop()
	for {
		t.turned()
		select {
		case <-ctx.Done():
			return
		case <-t.mic.Captured():
		case <-t.wake:
		case <-pulse.C:
		}
		for t.sendOne() {
		}
	}
}

// sendOne sends one frame of the present talk spurt; false means that there is
// none to send now.
func (t *talker) sendOne() bool {
	s := t.spurt.Load()
	if s == nil {
		return false
	}
	if s != t.cur {
		if v := t.voice.Swap(nil); v != nil {
			t.enc, t.roger = v.enc, v.roger
		}
		t.cur, t.next, t.first, t.done, t.pause = s, s.start, true, false, false
		t.enc.Reset()
	}
	end := s.end.Load()
	if end == endless {
		t.done = false
	} else if t.next >= end+uint64(len(t.roger)+t.enc.Lookahead()) && !t.pause {
		// The encoder has let go of the last sample, and no listener waits for the
		// end of a pause.
		if !t.done {
			t.done = true
			t.drained(s.gen)
		}
		return false
	}
	if !t.read(end) {
		return false
	}
	mayPause := end == endless
	t.enc.Pauses(mayPause)
	n, err := t.enc.Encode(t.pcm[:], t.opus[:])
	timestamp := uint32(t.next)
	t.next += media.FrameSamples
	pause := mayPause && err == nil && media.Pause(t.opus[:n])
	t.rests.Store(pause || t.pause)
	t.pause = pause && t.pause
	if err != nil {
		t.skipped.Add(1)
		return true
	}

	// Encoding takes its time. Only now is the question asked.
	if !t.gate.Passes(t.now()) || t.spurt.Load() != s {
		return false
	}
	if t.pause {
		t.paused.Add(1)
		return true
	}
	if err := t.link.WriteOpus(t.opus[:n], timestamp, t.first); err != nil {
		t.unsent.Add(1)
		return !errors.Is(err, ErrLinkDown)
	}
	t.first, t.pause = false, pause
	t.sent.Add(1)
	return true
}

// read fills pcm with the frame at next: the roger from end on, then silence. It is
// false while not all of it has been captured, or it is too early for the roger.
func (t *talker) read(end uint64) bool {
	if !t.capture(end) {
		return false
	}
	t.mute.apply(t.next, t.pcm[:])
	if from, to := max(t.next, end), t.next+media.FrameSamples; end != endless && from < min(to, end+uint64(len(t.roger))) {
		copy(t.pcm[from-t.next:], t.roger[from-end:])
	}
	return true
}

// capture is read without the roger.
func (t *talker) capture(end uint64) bool {
	head := t.mic.Head()
	want := uint64(media.FrameSamples)
	if len(t.roger) > 0 && t.next+want > head { // the microphone's clock paces it
		return false
	}
	lag := t.lag
	if end != endless {
		lag = 0
	}
	if end < t.next+want {
		want = end - min(end, t.next)
	}
	if t.next+want+lag > head {
		return false
	}
	clear(t.pcm[want:])
	if want == 0 || t.mic.ReadAt(t.next, t.pcm[:want]) {
		return true
	}
	// The grant came later than the memory is long. Go on with the oldest
	// speech that is surely still there.
	t.skipped.Add(1)
	t.next = head - min(head, media.FrameSamples)
	return t.mic.ReadAt(t.next, t.pcm[:])
}
