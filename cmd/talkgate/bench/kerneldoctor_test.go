//go:build hil

package bench

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal/hil"
	"github.com/talkgate/talkgate/hal/sound"
)

// TestKernelDoctor lets the doctor look at kernel lines and a kernel card, and
// tries each of its instruments.
func TestKernelDoctor(t *testing.T) {
	b := newBench(t, "ptt: {chip: board, line: PTT, pull: keep}", "cor: {chip: board, line: ECHO, pull: keep, active_low: false}",
		"ptt_out: {chip: board, line: KEY}", "amplifier: {chip: board, line: AMP}")
	b.plugIn()
	doctor := func(flag string) *talkgatetest.Process {
		return talkgatetest.Start(t, "doctor", "doctor", "--config", b.Path("board.yaml"), flag)
	}
	healthy := func(p *talkgatetest.Process) {
		t.Helper()
		if code := p.Exit(time.Now()); code != talkgatetest.ExitOK {
			t.Errorf("exit code %d", code)
		}
	}

	all := exec.Command(talkgatetest.Binary(t), "doctor", "--config", b.Path("board.yaml"), "--json")
	text, err := all.Output()
	var findings []status.Finding
	if jsonErr := json.Unmarshal(text, &findings); err != nil || jsonErr != nil {
		t.Fatalf("%v, %v: %s", err, jsonErr, text)
	}
	if !strings.Contains(string(text), "push-to-talk is let go, COR is closed, the microphone hears") {
		t.Errorf("found %s", text)
	}

	watching := doctor("--watch-lines")
	watching.Until(`^COR is closed`)
	b.press(true)
	watching.Until(`^ +\d+\.\d+ s  push-to-talk is held`)
	b.chip.Pull(lineEcho, true)
	watching.Until(`^ +\d+\.\d+ s  COR is open`)
	b.press(false)
	watching.Until(`^ +\d+\.\d+ s  push-to-talk is let go`)
	watching.Stop(syscall.SIGINT)
	b.chip.Pull(lineEcho, false)

	tone := doctor("--tone")
	b.far.hears(true)
	b.lit(lineKey, true)
	b.lit(lineAmp, true)
	healthy(tone)
	b.lit(lineKey, false)
	b.lit(lineAmp, false)
	b.far.hears(false)

	b.far.loud.Store(true)
	parrot := doctor("--parrot")
	parrot.Until(`^heard -`)
	b.far.loud.Store(false)
	b.far.hears(true)
	healthy(parrot)

	// Controls that are tried keep their values until a port starts.
	b.Write("board.yaml", strings.ReplaceAll(b.Read("board.yaml"), "  sound:\n", "  sound:\n    mixer: PCM Notify=off\n"))
	b.far.loud.Store(true)
	levels := talkgatetest.Start(t, "doctor", "doctor", "--config", b.Path("board.yaml"), "--levels", "--controls", "PCM Notify=on")
	levels.Until(`sound controls +set to PCM Notify=on`)
	levels.Until(`do: to keep them: hardware.sound.mixer: "PCM Notify=on"`)
	levels.Exit(time.Now()) // what it says of the levels is not asked here
	b.far.loud.Store(false)
	b.control("PCM Notify=on (off, on)")
	b.start()
	b.control("PCM Notify=off (off, on)")
	b.port.Stop(syscall.SIGTERM)

	// A missing card is named, with what to do.
	b.Write("board.yaml", strings.ReplaceAll(b.Read("board.yaml"), "card: Loopback", "card: Device"))
	code, stdout, _ := talkgatetest.Run(t, "", "doctor", "--config", b.Path("board.yaml"))
	if code != talkgatetest.ExitFailed || !strings.Contains(stdout, `NOT OK  lines and cards`) || !strings.Contains(stdout, `"Loopback"`) {
		t.Errorf("exit code %d: %s", code, stdout)
	}
}

// control wants a control of the card to be so, soon.
func (b *bench) control(want string) {
	b.T.Helper()
	eventually(b.T, want, func() bool {
		all, _, err := sound.DescribeMixer(sound.Config{Card: hil.Loopback})
		return err == nil && slices.Contains(all, want)
	})
}
