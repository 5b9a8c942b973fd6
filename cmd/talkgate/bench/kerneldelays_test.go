//go:build hil

package bench

import (
	"encoding/json"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/hil"
	"github.com/talkgate/talkgate/hal/sound"
)

// mouth is the far end of a port's microphone: it beeps when it is told to.
type mouth struct {
	sound.Playback
	asked atomic.Bool
	said  atomic.Int64 // when the latest beep began to sound, in Unix nanoseconds
	left  int          // samples of it; of the card's thread
}

func (m *mouth) fill(period []int16) {
	if m.asked.Swap(false) {
		m.said.Store(time.Now().Add(m.Latency()).UnixNano())
		m.left = hal.SampleRate / 5
	}
	for i := range period {
		period[i] = 0
		if m.left > 0 {
			period[i] = int16(8000 * math.Sin(2*math.Pi*1000*float64(m.left)/hal.SampleRate))
			m.left--
		}
	}
}

// ear is the far end of a port's loudspeaker.
type ear struct {
	sound.Capture
	heard atomic.Int64 // when it last became loud after silence, in Unix nanoseconds
}

func (e *ear) listen() {
	period, quiet := make([]int16, hal.PeriodSamples), 0
	for {
		end, err := e.Read(period)
		if err != nil {
			return
		}
		for i, s := range period {
			if s < 1000 && s > -1000 {
				quiet++
				continue
			}
			if quiet > hal.SampleRate/10 {
				e.heard.Store(end.Add(-time.Duration(len(period)-i) * time.Second / hal.SampleRate).UnixNano())
			}
			quiet = 0
		}
	}
}

// TestKernelDelays measures from contact to packet, and from microphone to
// loudspeaker, over two ports on kernel lines and cards. User-Mode Linux counts in
// ticks of 10 ms, and a busy machine keeps it waiting: it logs, and wants no more than
// that something is heard.
func TestKernelDelays(t *testing.T) {
	const presses = 10
	b := newBenchWith(t, "alsa", "ptt: {chip: board, line: PTT, pull: keep}")
	hil.NewChip(t, "other", "PTT", "KEY", "TALK", "BUSY", "ALERT", "LINK").Pull(linePTT, true)
	b.configure("other", "alsa", "ptt: {chip: other, line: PTT, pull: keep}")

	// Each port takes the first of the card's wires that is free.
	far := sound.Config{Card: hil.Loopback, Device: 1}
	speaker, err := sound.OpenPlayback(far, sound.ALSA)
	if err != nil {
		t.Fatal(err)
	}
	m := &mouth{Playback: speaker}
	go func() { _ = m.Play(m.fill) }()
	t.Cleanup(func() { m.Close() })
	unused, err := sound.OpenCapture(far, sound.ALSA)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unused.Close() })
	mic, err := sound.OpenCapture(far, sound.ALSA)
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{Capture: mic}
	go e.listen()
	t.Cleanup(func() { e.Close() })

	b.start()
	other := talkgatetest.Start(t, "other", "run", "--config", b.Path("other.yaml"))
	at := "http://" + other.Until(`msg="status is served" address=(\S+)`)
	b.lit(lineLink, true)
	otherIs := func() (s status.Port) {
		if err := json.Unmarshal([]byte(talkgatetest.Get(t, at+"/status")), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	eventually(t, "the other is on air", func() bool { return otherIs().OnAir })

	var open, sent, ears, buffered []time.Duration
	for range presses {
		before := b.status().Talked.Sent
		pressed := time.Now()
		b.press(true)
		if !soon(talkgatetest.Patience/10, func() bool { return b.chip.High(lineTalk) }) {
			b.press(false)
			continue // a machine too busy for Redis
		}
		open = append(open, time.Since(pressed))
		if soon(talkgatetest.Patience/10, func() bool { return b.status().Talked.Sent > before }) {
			sent = append(sent, time.Since(pressed))
		}
		time.Sleep(300 * time.Millisecond)
		m.asked.Store(true)
		was := e.heard.Load()
		if soon(talkgatetest.Patience/10, func() bool { return e.heard.Load() > was }) {
			ears = append(ears, time.Duration(e.heard.Load()-m.said.Load()))
			buffered = append(buffered, otherIs().Heard.Delay)
		}
		time.Sleep(300 * time.Millisecond)
		b.press(false)
		b.lit(lineTalk, false)
		time.Sleep(200 * time.Millisecond)
	}
	for _, figure := range []struct {
		name   string
		values []time.Duration
	}{
		{"contact to open microphone", open}, {"contact to first packet", sent}, {"mouth to ear", ears}, {"of which the jitter buffer", buffered},
	} {
		if len(figure.values) == 0 {
			t.Errorf("%s: in none of %d presses", figure.name, presses)
			continue
		}
		slices.Sort(figure.values)
		n := len(figure.values)
		t.Logf("%-28s p50 %v  p95 %v  (%d)", figure.name, figure.values[n/2].Round(time.Millisecond), figure.values[n*95/100].Round(time.Millisecond), n)
	}
}
