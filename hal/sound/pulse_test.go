//go:build amd64 || arm64 || oto

package sound

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// soundServer is a PulseAudio daemon with a loudspeaker that nobody hears, whose
// monitor is its microphone.
type soundServer struct {
	t      *testing.T
	socket string
	daemon *exec.Cmd
}

func newSoundServer(t *testing.T) *soundServer {
	t.Helper()
	if _, err := exec.LookPath("pulseaudio"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("pulseaudio (Debian package pulseaudio) is missing")
	}
	dir := t.TempDir()
	s := &soundServer{t: t, socket: filepath.Join(dir, "socket")}
	t.Setenv("PULSE_SERVER", "unix:"+s.socket)
	t.Setenv("PULSE_RUNTIME_PATH", dir)
	t.Setenv("HOME", dir)
	t.Cleanup(s.kill)
	s.start()
	return s
}

func (s *soundServer) start() {
	s.t.Helper()
	s.daemon = exec.Command("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
		"-L", "module-null-sink sink_name=unheard rate=44100 channels=2",
		"-L", "module-native-protocol-unix auth-anonymous=1 socket="+s.socket)
	if err := s.daemon.Start(); err != nil {
		s.t.Fatal(err)
	}
	for end := time.Now().Add(longest); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(s.socket); err == nil {
			return
		}
		if time.Now().After(end) {
			s.t.Fatal("pulseaudio does not listen")
		}
	}
}

func (s *soundServer) kill() {
	_ = s.daemon.Process.Kill()
	_ = s.daemon.Wait()
	_ = os.Remove(s.socket)
}

// TestSoundServer plays with oto and captures what is played, from a server whose rate
// and channels are others. A server that dies is gone for who captures; one that is
// started anew is captured from again.
func TestSoundServer(t *testing.T) {
	server := newSoundServer(t)
	cfg := Config{Card: Default}
	if err := cfg.Check(Oto); err != nil {
		t.Error(err)
	}
	p, err := OpenPlayback(cfg, Oto)
	if err != nil {
		t.Fatal(err)
	}
	play(t, p, (&tone{hertz: 1000}).fill)
	c := capturePulse(t, cfg)
	if high := peak(hear(t, c, 1000)); high < 8000 || high > 8400 {
		t.Errorf("8192 is heard as %v", high)
	}
	// Time and samples keep together.
	const n = 100
	took := timeOf(t, c, n)
	if off := took - n*duration(hal.PeriodSamples); off.Abs() > n/2*duration(hal.PeriodSamples) {
		t.Errorf("%d periods take %v more", n, off)
	}
	period := make([]int16, hal.PeriodSamples)
	if n := testing.AllocsPerRun(50, func() { _, _ = c.Read(period) }); n > 8 {
		t.Errorf("%v allocations a period", n) // those of the client, for several packets
	}

	server.kill()
	for err = nil; err == nil; _, err = c.Read(period) {
	}
	if !errors.Is(err, hal.ErrGone) {
		t.Error(err)
	}
	server.start()
	again := capturePulse(t, cfg)
	if _, err := again.Read(period); err != nil {
		t.Error(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := again.Read(make([]int16, hal.SampleRate)); !errors.Is(err, hal.ErrClosed) {
		t.Error(err)
	}
}

// capturePulse wants a sound server, and no card of the kernel instead.
func capturePulse(t *testing.T, cfg Config) Capture {
	t.Helper()
	c, err := OpenCapture(cfg, Oto)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, is := c.(*pulseCapture); !is {
		t.Fatalf("captured with %T", c)
	}
	return c
}

// TestLateReaderOfASoundServer: what is lost is silence, so that samples and time
// stay together, and is counted once.
func TestLateReaderOfASoundServer(t *testing.T) {
	c := &pulseCapture{news: make(chan struct{}, 1), done: make(chan struct{}), idle: time.NewTimer(time.Hour)}
	pcm := make([]int16, 480)
	for i := range pcm {
		pcm[i] = 7
	}
	for range 150 { // a second and a half
		if _, err := c.receive(pcm); err != nil {
			t.Fatal(err)
		}
	}
	all := make([]int16, 150*480)
	if _, err := c.Read(all); err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		if want := int16(7); i < pulseRing && s != want || i >= pulseRing && s != 0 {
			t.Fatalf("sample %d is %d", i, s)
		}
	}
	if c.Xruns() != 1 {
		t.Errorf("%d xruns", c.Xruns())
	}
	if _, err := c.receive(pcm); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(all[:480]); err != nil || all[0] != 7 {
		t.Errorf("%v, %d", err, all[0])
	}
}
