//go:build hil

package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/status"
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
	lineEcho
	lineHeart
	lineAmp
	lineCOR
	lineRed
	lineSOS
	lineRecord
	lineA // to lineD are those of a channel selector
	lineB
	lineC
	lineD
)

// bench is a port on kernel lines and a kernel sound card, the far end of that
// card, and a virtual radio on the same channel.
type bench struct {
	*talkgatetest.Site
	chip *hil.Chip
	port *talkgatetest.Process
	far  *farEnd
	url  string // of its status
	key  string // how it is keyed

	sound    string   // what is done to it
	channels []string // that it may talk on
}

// status is how the port says it does.
func (b *bench) status() (s status.Port) {
	b.T.Helper()
	if err := json.Unmarshal([]byte(talkgatetest.Get(b.T, b.url+"/status")), &s); err != nil {
		b.T.Fatal(err)
	}
	return s
}

// newBench prepares a port whose button goes to ground and is not pressed. lines
// are those of hardware that are its own; nil is the button and PTT-out.
func newBench(t *testing.T, lines ...string) *bench { return newBenchWith(t, "alsa", lines...) }

// newBenchWith is newBench for one that plays with a library.
func newBenchWith(t *testing.T, player string, lines ...string) *bench {
	t.Helper()
	if lines == nil {
		lines = []string{"ptt: {chip: board, line: PTT, pull: keep, debounce: 100ms}", "ptt_out: {chip: board, line: KEY}"}
	}
	b := &bench{Site: talkgatetest.NewSite(t), chip: hil.NewChip(t, "board", "PTT", "KEY", "TALK", "BUSY", "ALERT", "LINK", "ECHO", "HEART", "AMP", "COR", "RED", "SOS", "RECORD", "A", "B", "C", "D"),
		key: "{lead: 500ms, tail: 1s}", sound: "tones: {enabled: false}", channels: []string{"gates"}}
	b.chip.Pull(linePTT, true)
	// The floor's own times are proven elsewhere; here a machine may be so busy
	// that Redis answers late.
	b.More = "talk: {lease: 5s, lock_ttl: 10s}\n"
	b.configure("board", player, lines...)
	return b
}

// configure writes what a board is told whose chip has its name, and grants it its
// rights.
func (b *bench) configure(name, player string, lines ...string) {
	b.T.Helper()
	args := []string{"token", "--secret-file", b.Path("hub.secret"), "--user", name}
	for _, id := range b.channels {
		args = append(args, "--channel", id)
	}
	code, token, stderr := talkgatetest.Run(b.T, "", args...)
	if code != talkgatetest.ExitOK {
		b.T.Fatal(stderr)
	}
	b.Write(name+".token", token)
	b.Write(name+".yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: %[1]s, user_name: The %[1]s}
redis: {url: "%[2]s"}
link: {kind: hub, url: "%[3]s", token_file: %[1]s.token}
hardware:
  driver: board
  %[4]s
  lamps:
    talk: {chip: %[1]s, line: TALK}
    busy: {chip: %[1]s, line: BUSY}
    alert: {chip: %[1]s, line: ALERT}
    link: {chip: %[1]s, line: LINK}
  sound:
    player: %[5]s
    microphone: {card: Loopback}
    speaker: {card: Loopback}
audio: {%[8]s, complexity: 1}
key: %[7]s
%[6]slog: {level: info}
status: {listen: "127.0.0.1:0"}
`, name, b.RedisURL, b.HubURL, strings.Join(lines, "\n  "), player, b.More, b.key, b.sound))
	if _, err := b.State.GrantRights(b.T.Context(), name, b.channels...); err != nil {
		b.T.Fatal(err)
	}
}

// start starts the port and waits until it is there, which is before it is on air.
func (b *bench) start() {
	b.T.Helper()
	p := talkgatetest.Start(b.T, "board", "run", "--config", b.Path("board.yaml"))
	b.port = p
	b.T.Cleanup(func() {
		if !b.T.Failed() {
			return
		}
		b.T.Log(cardStates())
		_ = p.Cmd.Process.Signal(syscall.SIGQUIT) // every goroutine, if it still runs
		select {
		case <-p.Ended:
		case <-time.After(talkgatetest.Patience):
		}
		for len(p.Lines) > 0 {
			b.T.Log(<-p.Lines)
		}
	})
	b.url = "http://" + p.Until(`msg="status is served" address=(\S+)`)
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

// trySome presses, by press(true), until ok. A machine that is too busy for Redis
// loses the floor; whoever holds the button then lets it go and presses again.
func (b *bench) trySome(what string, press func(down bool), ok func(within time.Duration) bool) {
	b.T.Helper()
	for range 12 {
		press(true)
		if ok(talkgatetest.Patience / 4) {
			return
		}
		press(false)
		time.Sleep(300 * time.Millisecond)
	}
	b.T.Fatalf("never, of 12 presses: %s", what)
}

// speak holds the button down until the far radio hears it.
func (b *bench) speak(far *talkgatetest.Process) {
	b.T.Helper()
	b.trySome("heard by "+far.Name, b.press, func(within time.Duration) bool {
		return far.Hears(`speaker=heard holder="board"`, within)
	})
}

// hearAtCard lets the far radio talk until it is heard at the card.
func (b *bench) hearAtCard(far *talkgatetest.Process) {
	b.T.Helper()
	b.trySome(far.Name+" heard at the card", func(down bool) {
		far.Say(map[bool]string{true: "press", false: "release"}[down])
	}, func(within time.Duration) bool {
		return soon(within, func() bool { return b.far.level.Load() > audibleAtCard })
	})
}

// press holds the button down, or lets it up.
func (b *bench) press(down bool) { b.chip.Pull(linePTT, !down) }

// lit waits for a lamp, or the key, to be lit, or dark.
func (b *bench) lit(line int, lit bool) {
	b.T.Helper()
	eventually(b.T, fmt.Sprint("line ", line, " ", lit), func() bool { return b.chip.High(line) == lit })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !soon(talkgatetest.Patience, ok) {
		t.Fatalf("never: %s", what)
	}
}

// soon waits so long for ok, and asks the less often the longer that takes: asking
// costs this machine what its sound cards need.
func soon(within time.Duration, ok func() bool) bool {
	for began := time.Now(); !ok(); {
		waited := time.Since(began)
		if waited > within {
			return false
		}
		time.Sleep(max(2*time.Millisecond, min(waited/10, 100*time.Millisecond)))
	}
	return true
}
