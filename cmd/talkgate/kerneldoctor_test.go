//go:build hil

package main

import (
	"github.com/talkgate/talkgate/gateway/status"

	"encoding/json"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKernelDoctor lets the doctor look at kernel lines and a kernel card, and
// tries each of its instruments.
func TestKernelDoctor(t *testing.T) {
	b := newBench(t, "ptt: {chip: board, line: PTT, pull: keep}", "cor: {chip: board, line: ECHO, pull: keep, active_low: false}",
		"ptt_out: {chip: board, line: KEY}", "amplifier: {chip: board, line: AMP}")
	b.plugIn()
	doctor := func(flag string) *process {
		return start(t, "doctor", "doctor", "--config", b.path("board.yaml"), flag)
	}
	healthy := func(p *process) {
		t.Helper()
		if code := p.exit(time.Now()); code != exitOK {
			t.Errorf("exit code %d", code)
		}
	}

	all := exec.Command("/proc/self/exe", "doctor", "--config", b.path("board.yaml"), "--json")
	all.Env = append(all.Environ(), asTalkgate+"=1")
	text, err := all.Output()
	var findings []status.Finding
	if jsonErr := json.Unmarshal(text, &findings); err != nil || jsonErr != nil {
		t.Fatalf("%v, %v: %s", err, jsonErr, text)
	}
	if !strings.Contains(string(text), "push-to-talk is let go, COR is closed, the microphone hears") {
		t.Errorf("found %s", text)
	}

	watching := doctor("--watch-lines")
	watching.until(`^COR is closed`)
	b.press(true)
	watching.until(`^ +\d+\.\d+ s  push-to-talk is held`)
	b.chip.Pull(lineEcho, true)
	watching.until(`^ +\d+\.\d+ s  COR is open`)
	b.press(false)
	watching.until(`^ +\d+\.\d+ s  push-to-talk is let go`)
	watching.stop(syscall.SIGINT)
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
	parrot.until(`^heard -`)
	b.far.loud.Store(false)
	b.far.hears(true)
	healthy(parrot)

	// A missing card is named, with what to do.
	b.write("board.yaml", strings.ReplaceAll(b.read("board.yaml"), "card: Loopback", "card: Device"))
	code, stdout, _ := talkgate(t, "", "doctor", "--config", b.path("board.yaml"))
	if code != exitFailed || !strings.Contains(stdout, `NOT OK  lines and cards`) || !strings.Contains(stdout, `"Loopback"`) {
		t.Errorf("exit code %d: %s", code, stdout)
	}
}
