package processes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// TestLaptop runs a port with the sound of a desktop, a real PulseAudio server, and
// with no line: speech talks. What its microphone hears is heard on the channel, and
// what the channel says is played.
func TestLaptop(t *testing.T) {
	if _, err := exec.LookPath("pulseaudio"); err != nil {
		webtest.Missing(t, "pulseaudio, a laptop's sound (Debian package pulseaudio)")
	}
	s := talkgatetest.NewSite(t)
	south := s.Port("south")
	socket := filepath.Join(s.Dir, "pulse")
	t.Setenv("PULSE_SERVER", "unix:"+socket)
	t.Setenv("PULSE_RUNTIME_PATH", s.Dir)
	t.Setenv("HOME", s.Dir)
	background(t, "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
		"-L", "module-null-sink sink_name=speaker", "-L", "module-null-sink sink_name=speech", "-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket)
	webtest.Eventually(t, "PulseAudio listens", func() bool { return exec.Command("pactl", "info").Run() == nil })
	for _, args := range [][]string{{"set-default-sink", "speaker"}, {"set-default-source", "speech.monitor"}} {
		if out, err := exec.Command("pactl", args...).CombinedOutput(); err != nil {
			t.Fatalf("pactl %v: %v %s", args, err, out)
		}
	}
	config := s.Prepare("laptop")
	s.Write("laptop.yaml", strings.ReplaceAll(s.Read("laptop.yaml"), "hardware: {driver: sim}", `hardware:
  driver: board
  sound: {player: oto, microphone: {card: default}, speaker: {card: default}}
talk: {vox: {enabled: true}}`))
	s.Grant("laptop")
	laptop := talkgatetest.Start(t, "laptop", "run", "--config", config)
	laptop.Until(`msg="link is up"|on air`)

	speech, err := filepath.Abs("../../../hal/sim/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	said := background(t, "paplay", "--device=speech", speech)
	south.Until(`speaker=heard holder="laptop"`)
	_ = said.Wait()
	south.Until(`lamps=link speaker=quiet holder=""`)

	heard := filepath.Join(s.Dir, "heard.raw")
	background(t, "parec", "--device=speaker.monitor", "--raw", "--rate=48000", "--channels=1", "--format=s16le", heard)
	south.Say("press")
	webtest.Eventually(t, "the laptop plays what south says", func() bool {
		pcm, err := os.ReadFile(heard)
		if err != nil {
			return false
		}
		for i := 1; i < len(pcm); i += 2 {
			if level := int16(uint16(pcm[i-1]) | uint16(pcm[i])<<8); level > 2000 {
				return true
			}
		}
		return false
	})
	south.Say("release")
}

// background runs a command until the test ends.
func background(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(name, args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c
}
