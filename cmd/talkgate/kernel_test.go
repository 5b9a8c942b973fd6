//go:build hil

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/audio"
	"github.com/talkgate/talkgate/hal/hil"
)

// Lines of the bench's board.
const (
	linePTT = iota
	lineKey
	lineTalk
	lineBusy
	lineAlert
	lineLink
)

// bench is a port on kernel lines and a kernel sound card, the far end of that
// card, and a virtual radio on the same channel.
type bench struct {
	*site
	chip *hil.Chip
	port *process
	far  *farEnd
}

// newBench starts a port whose button goes to ground and is not pressed.
func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{site: newSite(t), chip: hil.NewChip(t, "board", "PTT", "KEY", "TALK", "BUSY", "ALERT", "LINK")}
	b.chip.Pull(linePTT, true)
	code, token, stderr := talkgate(t, "", "token", "--secret-file", b.path("hub.secret"), "--user", "board", "--channel", "gates")
	if code != exitOK {
		t.Fatal(stderr)
	}
	b.write("board.token", token)
	b.write("board.yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: board, user_name: The board}
redis: {url: "%s"}
link: {kind: hub, url: "%s", token_file: board.token}
hardware:
  driver: board
  ptt: {chip: board, line: PTT, pull: keep, debounce: 100ms}
  ptt_out: {chip: board, line: KEY}
  lamps:
    talk: {chip: board, line: TALK}
    busy: {chip: board, line: BUSY}
    alert: {chip: board, line: ALERT}
    link: {chip: board, line: LINK}
  sound:
    microphone: {card: Loopback}
    speaker: {card: Loopback}
audio: {tones: {enabled: false}}
log: {level: info}
`, b.redisURL, b.hubURL))
	b.grant("board")
	return b
}

func (b *bench) start() {
	b.t.Helper()
	p := start(b.t, "board", "run", "--config", b.path("board.yaml"))
	b.port = p
	b.t.Cleanup(func() {
		if !b.t.Failed() {
			return
		}
		b.t.Log(cardStates())
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // every goroutine, if it still runs
		select {
		case <-p.ended:
		case <-time.After(patience):
		}
		for len(p.lines) > 0 {
			b.t.Log(<-p.lines)
		}
	})
}

// cardStates is what the kernel says of the streams of its cards.
func cardStates() string {
	var all strings.Builder
	files, _ := filepath.Glob("/proc/asound/Loopback/pcm*/sub0/status") // the pattern is right
	for _, file := range files {
		text, _ := os.ReadFile(file) // it may have vanished
		fmt.Fprintf(&all, "%s:\n%s\n", file, text)
	}
	return all.String()
}

// talk holds the button down until the far radio hears it. A machine that is too
// busy for Redis loses the floor; whoever holds the button then presses again.
func (b *bench) talk(far *process) {
	b.t.Helper()
	for end := time.Now().Add(2 * patience); ; {
		b.press(true)
		if far.hears(`speaker=heard holder="board"`, patience/4) {
			return
		}
		if time.Now().After(end) {
			b.t.Fatal("the press is never heard")
		}
		b.press(false)
		time.Sleep(200 * time.Millisecond)
	}
}

// hears reads the lines of a process up to one that matches, for so long.
func (p *process) hears(pattern string, within time.Duration) bool {
	expr, late := regexp.MustCompile(pattern), time.After(within)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok || expr.MatchString(line) {
				return ok
			}
		case <-late:
			return false
		}
	}
}

// press holds the button down, or lets it up.
func (b *bench) press(down bool) { b.chip.Pull(linePTT, !down) }

// lit waits for a lamp, or the key, to be lit, or dark.
func (b *bench) lit(line int, lit bool) {
	b.t.Helper()
	eventually(b.t, fmt.Sprint("line ", line, " ", lit), func() bool { return b.chip.High(line) == lit })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// farEnd is who is at the other end of the card's wires.
type farEnd struct {
	t     *testing.T
	loud  atomic.Bool // whether it speaks
	level atomic.Int64
	over  sync.WaitGroup
	close func()
}

// plugIn connects the far end.
func (b *bench) plugIn() {
	b.t.Helper()
	far := &farEnd{t: b.t}
	cfg := audio.Config{Card: hil.Loopback, Device: 1}
	speaker, err := audio.OpenPlayback(cfg, audio.Malgo)
	if err != nil {
		b.t.Fatal(err)
	}
	mic, err := audio.OpenCapture(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	far.over.Go(func() {
		_ = speaker.Play(func(period []int16) {
			clear(period)
			if !far.loud.Load() {
				return
			}
			for i := range period {
				period[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(n)/hal.SampleRate))
				n++
			}
		})
	})
	far.over.Go(func() {
		period := make([]int16, hal.PeriodSamples)
		for {
			if _, err := mic.Read(period); err != nil {
				return
			}
			sum := 0.0
			for _, s := range period {
				sum += float64(s) * float64(s)
			}
			far.level.Store(int64(math.Sqrt(sum / float64(len(period)))))
		}
	})
	far.close = sync.OnceFunc(func() { speaker.Close(); mic.Close(); far.over.Wait() })
	b.t.Cleanup(far.close)
	b.far = far
}

// hears waits until the far end hears something, or nothing.
func (f *farEnd) hears(something bool) {
	f.t.Helper()
	eventually(f.t, fmt.Sprint("heard at the card: ", something), func() bool { return (f.level.Load() > 300) == something })
}

// TestKernelPort is a port from the button's contact and the microphone's socket
// to another's ear, and back.
func TestKernelPort(t *testing.T) {
	b := newBench(t)
	b.plugIn()
	south := b.site.port("south")

	// Stuck at boot: it does not talk until it was let up.
	b.press(true)
	b.start()
	b.port.until(`push-to-talk is held at start`)
	b.lit(lineLink, true)
	if b.chip.High(lineTalk) {
		t.Error("a stuck button talks")
	}
	b.press(false)

	// Press, with bounce: one talk spurt, heard.
	b.far.loud.Store(true)
	time.Sleep(200 * time.Millisecond)
	for range 2 {
		b.press(true)
		time.Sleep(15 * time.Millisecond)
		b.press(false)
		time.Sleep(15 * time.Millisecond)
	}
	b.press(true)
	b.lit(lineTalk, true)
	south.until(`lamps=busy,link speaker=heard holder="board"`)
	b.press(false)
	b.lit(lineTalk, false)
	south.until(`lamps=link speaker=quiet holder=""`)
	b.far.loud.Store(false)

	// The channel speaks: heard at the card, and the transmitter keyed.
	b.far.hears(false)
	south.say("press")
	b.lit(lineBusy, true)
	b.far.hears(true)
	b.lit(lineKey, true)
	south.say("release")
	b.lit(lineBusy, false)
	b.far.hears(false)
	b.lit(lineKey, false)

	// Without rights: the alert lamp, and nobody hears.
	b.revoke("board")
	b.lit(lineLink, false)
	b.press(true)
	b.lit(lineAlert, true)
	b.press(false)
	b.lit(lineAlert, false)
	b.grant("board")
	b.lit(lineLink, true)

	// Killed while it talks and is keyed, the kernel lets go of the lines.
	south.say("press")
	b.lit(lineKey, true)
	b.port.signal(syscall.SIGKILL)
	for line, name := range []string{lineKey: "KEY", lineBusy: "BUSY", lineLink: "LINK"} {
		if name != "" && b.chip.High(line) {
			t.Errorf("after kill -9 %s is driven", name)
		}
	}
}

// TestKernelPortComesBack takes chip and card away, and gives them back.
func TestKernelPortComesBack(t *testing.T) {
	b := newBench(t)
	south := b.site.port("south")
	b.start()
	b.lit(lineLink, true)

	b.chip.Unplug()
	b.port.until(`hardware is gone; starting anew`)
	b.port.until(`hardware is missing; waiting for it.*line PTT of chip board`)
	b.chip.Plug()
	b.chip.Pull(linePTT, true)
	b.lit(lineLink, true)

	b.press(true)
	b.lit(lineTalk, true)
	south.until(`lamps=busy,link `)
	unplugged := hil.UnplugCard(t)
	b.port.until(`hardware is gone; starting anew`)
	if err := <-unplugged; err != nil {
		t.Fatal(err)
	}
	south.until(`lamps=link speaker=quiet holder=""`)
	b.port.until(`hardware is missing; waiting for it.*sound card`)
	b.lit(lineAlert, true)
	hil.PlugCard(t)
	b.lit(lineLink, true)
	// Still held since before: it does not talk until let up.
	if b.chip.High(lineTalk) {
		t.Error("held while it started anew, it talks")
	}
	b.press(false)
	b.plugIn()
	b.far.loud.Store(true)
	time.Sleep(200 * time.Millisecond)
	b.talk(south)
	b.press(false)
	b.lit(lineTalk, false)

	// SIGTERM while hardware is missing ends it at once, and well.
	b.chip.Unplug()
	b.port.until(`hardware is missing`)
	b.port.stop(syscall.SIGTERM)
}
