package chaos

import (
	"context"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	linkhub "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// nobody is who is heard in a frame without a tone.
const nobody = -1

// heard is one frame at the listener: who talks in it.
type heard struct {
	at  time.Time
	who int
}

// listener is a member who only listens. Each talker has a tone of its own.
type listener struct {
	tones []float64 // hertz, by talker

	mu      sync.Mutex
	decoder *media.Decoder
	frames  []heard
}

// listen connects a listener, until the test ends.
func listen(t *testing.T, hubURL, tokenFile string, tones []float64) *listener {
	t.Helper()
	decoder, err := media.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := rtc.NewEngine(rtc.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{tones: tones, decoder: decoder}
	token := func(context.Context) (string, error) {
		text, err := os.ReadFile(tokenFile)
		return strings.TrimSpace(string(text)), err
	}
	link, err := linkhub.New(linkhub.Config{URL: hubURL, Channel: "gates", Token: token, Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = link.Run(ctx, l) // it ends with ctx
	}()
	t.Cleanup(func() { cancel(); <-over })
	return l
}

// LinkUp implements port.LinkEvents.
func (l *listener) LinkUp() {}

// LinkDown implements port.LinkEvents.
func (l *listener) LinkDown(error) {}

// Emergency implements port.LinkEvents.
func (l *listener) Emergency(bool) {}

// Receive implements port.LinkEvents.
func (l *listener) Receive(p media.Packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pcm := make([]int16, media.SampleRate/8)
	n, err := l.decoder.Decode(p.Opus, pcm)
	if err != nil {
		return
	}
	l.frames = append(l.frames, heard{time.Now(), l.who(pcm[:n])})
}

// who is the talker whose tone has most of a frame's power.
func (l *listener) who(pcm []int16) int {
	var power float64
	for _, v := range pcm {
		power += float64(v) * float64(v)
	}
	if power/float64(max(1, len(pcm))) < 100*100 {
		return nobody
	}
	for who, hertz := range l.tones {
		var re, im float64
		for i, v := range pcm {
			sin, cos := math.Sincos(2 * math.Pi * hertz / media.SampleRate * float64(i))
			re += float64(v) * cos
			im += float64(v) * sin
		}
		if 2*(re*re+im*im)/float64(len(pcm)) > 0.5*power {
			return who
		}
	}
	return nobody
}

// all are the frames so far.
func (l *listener) all() []heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]heard(nil), l.frames...)
}

// count is how often who was heard from one time to another.
func count(frames []heard, who int, from, to time.Time) (n int) {
	for _, f := range frames {
		if f.who == who && f.at.After(from) && f.at.Before(to) {
			n++
		}
	}
	return n
}

// doubles are the frames in which somebody is heard again although, within the window
// before, somebody else was heard after them. No radio presses again within the window.
func doubles(frames []heard, window time.Duration) (at []time.Time) {
	last := map[int]time.Time{}
	for _, f := range frames {
		if f.who == nobody {
			continue
		}
		for other, spoke := range last {
			if mine, ok := last[f.who]; ok && other != f.who && spoke.After(mine) && f.at.Sub(mine) < window {
				at = append(at, f.at)
				break
			}
		}
		last[f.who] = f.at
	}
	return at
}

// TestTheListenerHears: it tells tones apart, and two talkers at once from one after the other.
func TestTheListenerHears(t *testing.T) {
	l := &listener{tones: []float64{500, 800, 1300}}
	for who, hertz := range l.tones {
		pcm := make([]int16, media.FrameSamples)
		for i := range pcm {
			pcm[i] = int16(8000 * math.Sin(2*math.Pi*hertz*float64(i)/media.SampleRate))
		}
		if got := l.who(pcm); got != who {
			t.Errorf("%v Hz is taken for %d", hertz, got)
		}
	}
	if got := l.who(make([]int16, media.FrameSamples)); got != nobody {
		t.Errorf("silence is taken for %d", got)
	}
	began := time.Now()
	frames := func(who ...int) (all []heard) {
		for i, w := range who {
			all = append(all, heard{began.Add(time.Duration(i) * 20 * time.Millisecond), w})
		}
		return all
	}
	for _, tc := range []struct {
		frames []heard
		want   int
	}{
		{frames(0, 0, nobody, 1, 1, 2, 2), 0},
		{frames(0, 0, 1, 0, 1), 2},
		{frames(0, 1, nobody, 1, 0), 1},
		{append(frames(0, 0, 1, 1), heard{began.Add(time.Second), 0}), 0},
	} {
		if got := doubles(tc.frames, window*4/5); len(got) != tc.want {
			t.Errorf("%v: %d frames of two at once, want %d", tc.frames, len(got), tc.want)
		}
	}
	if got := count(frames(0, 0, 1, 0), 0, began, began.Add(time.Second)); got != 2 {
		t.Errorf("counted %d", got)
	}
}

func (l *listener) Unheard(string) { /* not of interest */ }
