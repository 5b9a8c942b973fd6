//go:build hil

package bench

import (
	"fmt"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/hil"
	"github.com/talkgate/talkgate/hal/sound"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
)

// TestKernelPortGetsOverXruns stops the process for a second, again and again:
// the card runs full and empty, which is counted, and both directions are heard
// again.
func TestKernelPortGetsOverXruns(t *testing.T) {
	b := newBenchWith(t, "alsa")
	b.plugIn()
	south := b.Site.Port("south")
	b.start()
	b.lit(lineLink, true)
	for range 3 {
		before := b.status().Xruns
		if err := b.port.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := b.port.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the xruns are counted", func() bool { return b.status().Xruns > before })
		b.far.loud.Store(true)
		time.Sleep(200 * time.Millisecond)
		b.speak(south)
		b.press(false)
		b.far.loud.Store(false)
		b.far.hears(false)
		b.hearAtCard(south)
		south.Say("release")
		b.far.hears(false)
	}
}

// shift makes the card's clock fast or slow: 100000 is right. Each way has a clock
// of its own.
func shift(t *testing.T, to int) {
	t.Helper()
	for device := range 2 {
		control := fmt.Sprintf("iface=PCM,name='PCM Rate Shift 100000',device=%d,subdevice=0", device)
		if out, err := exec.Command("amixer", "-q", "-c", hil.Loopback, "cset", control, fmt.Sprint(to)).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", control, err, out)
		}
	}
}

// TestKernelDrift has a card that is 5 % slow, then fast, play a talk spurt of 20 s
// from a network that keeps time: a second of it would pile up, or be missing.
// Ten minutes of it, and of 200 ppm, are in the gateway's tests, in virtual time.
func TestKernelDrift(t *testing.T) {
	const spurt, limit = 20 * time.Second, 500 * time.Millisecond
	t.Cleanup(func() { shift(t, 100000) })
	for _, speed := range []int{95000, 105000} {
		shift(t, speed)
		speaker, err := sound.OpenPlayback(sound.Config{Card: hil.Loopback}, sound.ALSA)
		if err != nil {
			t.Fatal(err)
		}
		net := newSteadyNetwork(t)
		playing := make(chan error, 1)
		go func() { playing <- speaker.Play(net.fill) }()
		time.Sleep(spurt)
		speaker.Close()
		<-playing
		given := time.Duration(net.samples) * time.Second / hal.SampleRate
		took := time.Since(net.began)
		slices.Sort(net.late)
		delay := net.late[len(net.late)/2]
		heard := net.buffer.Stats()
		t.Logf("at %d: the card played %v in %v (%d underruns), delay %v, played %d, concealed %d", speed, given, took, speaker.Xruns(), delay, heard.Played, heard.Concealed)
		if delay > limit {
			t.Errorf("at %d the delay is %v at the end", speed, delay)
		}
		if sent := uint64(took / media.FrameDuration); heard.Played < sent/2 {
			t.Errorf("at %d %d frames of %d were played", speed, heard.Played, sent)
		}
		// The kernel must have done as it was told, unless the machine was busy.
		if ratio := float64(given) / float64(took); speaker.Xruns() == 0 && (ratio < 0.9 || ratio > 1.1 || ratio > 0.99 && ratio < 1.01) {
			t.Errorf("at %d the card ran at %v", speed, ratio)
		}
	}
}

// steadyNetwork brings a frame every 20 ms of this machine's time to a playout,
// for as long as it is asked.
type steadyNetwork struct {
	began   time.Time // with the first fill
	buffer  *jitter.Buffer
	playout *media.Playout
	frame   []byte
	sent    uint32
	samples int
	late    []time.Duration // delays in the last part
}

func newSteadyNetwork(t *testing.T) *steadyNetwork {
	t.Helper()
	enc, err := media.NewEncoder(media.EncoderConfig{Complexity: 1})
	if err != nil {
		t.Fatal(err)
	}
	n := &steadyNetwork{buffer: jitter.New(jitter.Config{}), frame: make([]byte, media.MaxOpusFrame)}
	size, err := enc.Encode(make([]int16, media.FrameSamples), n.frame)
	if err != nil {
		t.Fatal(err)
	}
	n.frame = n.frame[:size]
	if n.playout, err = media.NewPlayout(n.buffer, new(media.Tones)); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *steadyNetwork) fill(period []int16) {
	now := time.Now()
	if n.began.IsZero() {
		n.began = now
	}
	for {
		due := n.began.Add(time.Duration(n.sent) * media.FrameDuration)
		if due.After(now) {
			break
		}
		n.buffer.Push(media.Packet{Seq: uint16(n.sent), Timestamp: n.sent * media.FrameSamples, Marker: n.sent == 0, Arrived: due, Opus: n.frame})
		n.sent++
	}
	n.playout.Fill(period)
	n.samples += len(period)
	if now.Sub(n.began) > 15*time.Second {
		n.late = append(n.late, n.buffer.Stats().Delay)
	}
}
