package port

import (
	"bytes"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// A sentence is one word, and then none for a while; in samples.
const (
	sentence = 4 * media.SampleRate
	word     = 4 * media.SampleRate / 10
)

// room is what a microphone hears of somebody who says words, with noise of so many
// dBFS (RMS) behind.
func room(dBFS float64) sim.Source {
	noise := make([]int16, sim.NoiseSamples)
	random, low := rand.New(rand.NewPCG(1, 1)), 0.0
	sigma := math.MaxInt16 * math.Pow(10, dBFS/20)
	for i := range noise {
		low += 0.3 * (random.NormFloat64() - low)
		noise[i] = int16(math.RoundToEven(low * sigma / math.Sqrt(0.3/1.7)))
	}
	hiss, speech := sim.Loop(noise, 0), sim.Speech(0)
	return func(index uint64, period []int16) {
		hiss(index, period)
		said := make([]int16, len(period))
		speech(index, said)
		for i := range period {
			if (index+uint64(i))%sentence < word {
				period[i] += said[i]
			}
		}
	}
}

// conversation is one port that talks to another, and what the other's loudspeaker was
// given since began.
type conversation struct {
	a, b *world

	mu    sync.Mutex
	cut   bool // the line, from a to b
	heard []int16
	began time.Time
	sent  []frame
}

func converse(t *testing.T, cfg media.EncoderConfig, dBFS float64) *conversation {
	t.Helper()
	a, b := newWorld(t, time.Millisecond), newWorld(t, time.Millisecond)
	c := &conversation{a: a, b: b}
	a.adapt = func(o *Options) { o.Encoder = cfg }
	a.radio.Mic.Hear(room(dBFS))
	a.start()
	b.key = media.KeyTiming{}
	b.start()
	b.radio.Speaker.SetTap(func(at time.Time, period []int16) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.began.IsZero() {
			c.began = at
		}
		c.heard = append(c.heard, period...)
	})
	seq := uint16(0)
	a.link.forward = func(f frame) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent = append(c.sent, f)
		p := media.Packet{Seq: seq, Timestamp: f.timestamp, Marker: f.first, Opus: f.opus}
		seq++
		if c.cut {
			return
		}
		time.AfterFunc(5*time.Millisecond, func() {
			p.Arrived = time.Now()
			b.link.events.Receive(p)
		})
	}
	return c
}

func (c *conversation) end(t *testing.T) {
	t.Helper()
	for _, w := range []*world{c.a, c.b} {
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	}
}

// cutLine cuts the line from a to b, or mends it.
func (c *conversation) cutLine(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

// to waits until the microphone hears so many samples after the beginning of a sentence.
func (c *conversation) to(after int) {
	now := int(c.a.radio.Mic.IndexAt(time.Now()) % sentence)
	c.a.pass(media.SamplesTime((after - now + sentence) % sentence))
}

// index is where a time is in heard.
func (c *conversation) index(at time.Time) int {
	return int(at.Sub(c.began) * media.SampleRate / time.Second)
}

// taken are the frames that were sent so far; they are forgotten.
func (c *conversation) taken() []frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.sent
	c.sent = nil
	return sent
}

// silentFrom is from when on the loudspeaker was given nothing but silence.
func (c *conversation) silentFrom() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.heard)
	for n > 0 && c.heard[n-1] == 0 {
		n--
	}
	return c.began.Add(media.SamplesTime(n))
}

func rms(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return 20 * math.Log10(math.Sqrt(sum/float64(len(pcm)))/math.MaxInt16+1e-9)
}

// alike is where got is most like ref, begun up to most samples later, and how much.
func alike(ref, got []int16, most int) (lag int, correlation float64) {
	for l := range most + 1 {
		var xy, xx, yy float64
		for i := 0; i < len(ref); i += 12 {
			x, y := float64(ref[i]), float64(got[i+l])
			xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
		}
		if r := xy / math.Sqrt(xx*yy); r > correlation {
			lag, correlation = l, r
		}
	}
	return lag, correlation
}

// TestDTX: of a talk spurt with pauses, each word arrives as it does without DTX, the
// noise behind the talker goes on in the pauses, a fraction of the packets is sent, and
// nothing of that is a loss to who listens.
func TestDTX(t *testing.T) {
	for _, cfg := range []media.EncoderConfig{{FEC: true}, {FEC: true, Complexity: 7}} {
		var heard [2][]int16
		var sent [2][]frame
		var words []uint64 // where the microphone heard them
		var at []int       // and where the loudspeaker would, at once
		for i, dtx := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				cfg.DTX = dtx
				c := converse(t, cfg, -65)
				began := c.a.radio.Mic.IndexAt(c.a.press())
				c.a.pass(22 * time.Second)
				said, got := c.a.port.TalkStats(), c.b.port.HeardStats()
				if got.Late+got.Lost+got.Concealed != 0 || got.Spurts != 1 || got.Received+3 < said.Sent {
					t.Errorf("DTX %v: of %+v there arrived %+v", dtx, said, got)
				}
				if missing := said.Paused - got.Comfort; dtx == (said.Paused == 0) || missing > 3 {
					t.Errorf("DTX %v: %d frames were left out, %d are comfort noise", dtx, said.Paused, got.Comfort)
				}
				heard[i], sent[i], words, at = c.heard, c.taken(), nil, nil
				for n := (began/sentence + 1) * sentence; n < began+21*media.SampleRate; n += sentence {
					words, at = append(words, n), append(at, c.index(c.a.radio.Mic.TimeOf(n)))
				}
				c.a.release()
				c.a.pass(time.Second)
				c.end(t)
			})
		}
		t.Logf("complexity %d: %d packets instead of %d", cfg.Complexity, len(sent[1]), len(sent[0]))
		if len(words) != 5 || 3*len(sent[1]) > len(sent[0]) {
			t.Errorf("%d packets of %d are sent for %d words, want a third at most", len(sent[1]), len(sent[0]), len(words))
		}
		compareFrames(t, words, sent[0], sent[1])
		for i, at := range at {
			t.Logf("word %d begins up to %.1f dB softer", i, compareWord(t, i, heard[0][at:], heard[1][at:]))
			if rest := at + sentence - media.SampleRate/5; i < len(words)-1 {
				compareNoise(t, i, heard[0][at+word+media.SampleRate:rest], heard[1][at+word+media.SampleRate:rest])
			}
		}
	}
}

// compareFrames: every frame of a word is sent, and each as it is without DTX.
func compareFrames(t *testing.T, words []uint64, ref, got []frame) {
	t.Helper()
	is := map[uint32]frame{}
	for _, f := range got {
		is[f.timestamp] = f
	}
	for _, want := range ref {
		f, sent := is[want.timestamp]
		if sent && !media.Pause(f.opus) && !bytes.Equal(f.opus, want.opus) {
			t.Errorf("the frame at %d is another than without DTX", f.timestamp)
		}
		for i, from := range words {
			spoken := want.timestamp+media.FrameSamples > uint32(from) && want.timestamp < uint32(from)+word
			if spoken && (!sent || media.Pause(f.opus)) {
				t.Errorf("word %d: the frame %d samples from its beginning is not sent", i, int32(want.timestamp-uint32(from)))
			}
		}
	}
}

// compareWord is about the word, its end and the delay behind. It returns by how much its
// beginning is softer.
func compareWord(t *testing.T, i int, ref, got []int16) (softer float64) {
	t.Helper()
	const block, delayed = media.SampleRate / 100, media.SampleRate / 5
	lag, like := alike(ref[:word+delayed], got, media.SampleRate/20)
	if like < 0.9 {
		t.Errorf("word %d: correlation with the word without DTX is %.3f", i, like)
	}
	begins := -1
	for at := 0; at < word+delayed; at += block {
		want, is := rms(ref[at:at+block]), rms(got[at+lag:at+lag+block])
		if want < -50 {
			continue
		}
		if begins < 0 {
			begins = at
		}
		// Opus fades in what follows its own noise, within two frames.
		low, high := want-1.5, want+1.5
		if at < begins+2*media.FrameSamples {
			low, softer = want-9, max(softer, want-is)
		}
		if is < low || is > high {
			t.Errorf("word %d, %d ms from its beginning: %.1f dBFS, and %.1f without DTX", i, (at-begins)*1000/media.SampleRate, is, want)
		}
	}
	return softer
}

// compareNoise is about the noise behind: as loud, and nowhere gone.
func compareNoise(t *testing.T, i int, ref, got []int16) {
	t.Helper()
	level := rms(ref)
	if is := rms(got); math.Abs(is-level) > 1.5 {
		t.Errorf("pause %d: comfort noise of %.1f dBFS, and %.1f without DTX", i, is, level)
	}
	for at := 0; at+media.FrameSamples <= len(got); at += media.FrameSamples {
		if is := rms(got[at : at+media.FrameSamples]); math.Abs(is-level) > 5 {
			t.Errorf("pause %d, at %d ms: noise of %.1f dBFS, and %.1f without DTX", i, at*1000/media.SampleRate, is, level)
		}
	}
}
