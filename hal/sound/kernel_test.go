//go:build hil

package sound

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gen2brain/alsa"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/hil"
)

func side(device int) Config {
	return Config{Card: hil.Loopback, Device: device}
}

func openBoth(t *testing.T, speaker, mic Config) (Playback, Capture) {
	t.Helper()
	p, err := OpenPlayback(speaker, ALSA)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	c, err := OpenCapture(mic, ALSA)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return p, c
}

func TestKernelPlaysAndCaptures(t *testing.T) {
	p, c := openBoth(t, side(0), side(1))
	play(t, p, (&tone{hertz: 1000}).fill)
	if high := peak(hear(t, c, 1000)); high < 8000 || high > 8400 {
		t.Errorf("8192 is heard as %v", high)
	}
	// Time and samples keep together, and time does not run ahead.
	const n = 300
	took := timeOf(t, c, n)
	// A machine that is busy hands the first or the last over late, and loses some.
	if off := took - n*duration(hal.PeriodSamples); off.Abs() > (n/20+2*time.Duration(c.Xruns()))*duration(hal.PeriodSamples) {
		t.Errorf("%d periods take %v more (%d overruns)", n, off, c.Xruns())
	}
	t.Logf("%d underruns, %d overruns", p.Xruns(), c.Xruns())
}

func TestKernelGains(t *testing.T) {
	loud, as := side(0), side(1)
	loud.Gain, as.Gain = 6.0206, -12.0412 // the latter is not for a microphone
	p, c := openBoth(t, loud, as)
	play(t, p, (&tone{hertz: 700}).fill)
	if high := peak(hear(t, c, 700)); high < 16000 || high > 16800 {
		t.Errorf("8192, twice, is heard as %v", high)
	}
}

// TestKernelConverts has arecord fix the card's rate and channels.
func TestKernelConverts(t *testing.T) {
	wav := filepath.Join(t.TempDir(), "heard.raw")
	rec := exec.Command("arecord", "-q", "-D", "hw:Loopback,1", "-t", "raw", "-f", "S16_LE", "-r", "44100", "-c", "2", "-d", "4", wav)
	rec.Stderr = os.Stderr
	if err := rec.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // until it has opened the card
	p, err := OpenPlayback(side(0), ALSA)
	if err != nil {
		t.Fatal(err)
	}
	play(t, p, (&tone{hertz: 1000}).fill)
	if err := rec.Wait(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(wav)
	if err != nil {
		t.Fatal(err)
	}
	best := 0.0
	for at := 0; at+4*4410 <= len(raw); at += 4 * 4410 {
		pcm := make([]int16, 4410)
		for i := range pcm {
			pcm[i] = int16(uint16(raw[at+4*i]) | uint16(raw[at+4*i+1])<<8)
		}
		best = max(best, share(pcm, 1000, 44100))
	}
	if best < 0.95 {
		t.Errorf("1000 Hz are %.2f of what 44.1 kHz stereo gets", best)
	}
}

// TestKernelXruns lets the process come late for half a second, again and again.
func TestKernelXruns(t *testing.T) {
	var stall atomic.Bool
	o := &tone{hertz: 1000}
	p, c := openBoth(t, side(0), side(1))
	play(t, p, func(period []int16) {
		if stall.Swap(false) {
			time.Sleep(500 * time.Millisecond)
		}
		o.fill(period)
	})
	hear(t, c, 1000)
	before := p.Xruns()
	for n := range uint64(3) {
		stall.Store(true)
		for end := time.Now().Add(longest); p.Xruns() <= before+n; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d underruns are counted after %d", p.Xruns()-before, n+1)
			}
		}
		hear(t, c, 1000)
	}
}

// TestKernelLateReader reads nothing for longer than what is kept.
func TestKernelLateReader(t *testing.T) {
	p, c := openBoth(t, side(0), side(1))
	play(t, p, (&tone{hertz: 1000}).fill)
	hear(t, c, 1000)
	before, period := c.Xruns(), make([]int16, hal.PeriodSamples)
	first, err := c.Read(period)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	read, silent, last := 0, 0, first
	for ; read < 3*100; read++ {
		if last, err = c.Read(period); err != nil {
			t.Fatal(err)
		}
		if peak(period) == 0 {
			silent++
		}
	}
	if c.Xruns() == before || silent < 50 {
		t.Errorf("%d overruns more, %d silent periods", c.Xruns()-before, silent)
	}
	// A machine that is busy hands the first or the last over late, but by less than
	// half of what was lost.
	if off := last.Sub(first) - time.Duration(read)*duration(hal.PeriodSamples); off.Abs() > time.Duration(silent/2)*duration(hal.PeriodSamples) {
		t.Errorf("time and samples are %v apart", off)
	}
}

func TestKernelClose(t *testing.T) {
	p, c := openBoth(t, side(0), side(1))
	playing := play(t, p, (&tone{hertz: 1000}).fill)
	hear(t, c, 1000)
	reading := make(chan error, 1)
	go func() {
		for {
			if _, err := c.Read(make([]int16, hal.PeriodSamples)); err != nil {
				reading <- err
				return
			}
		}
	}()
	if err := errors.Join(p.Close(), c.Close(), p.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	for _, err := range []error{<-playing, <-reading} {
		if !errors.Is(err, hal.ErrClosed) {
			t.Error(err)
		}
	}
}

func TestKernelNothingIsAllocated(t *testing.T) {
	p, c := openBoth(t, side(0), side(1))
	play(t, p, (&tone{hertz: 1000}).fill)
	hear(t, c, 1000)
	period := make([]int16, hal.PeriodSamples)
	if n := testing.AllocsPerRun(100, func() { _, _ = c.Read(period) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}

// TestKernelFormats has arecord and aplay fix what the card can do: format, channels
// and rate.
func TestKernelFormats(t *testing.T) {
	for _, tc := range []struct{ format, channels, rate string }{
		{"S16_LE", "2", "48000"}, {"S24_3LE", "2", "48000"}, {"S24_LE", "2", "48000"},
		{"S32_LE", "1", "48000"}, {"FLOAT_LE", "2", "48000"}, {"S16_LE", "2", "44100"}, {"S16_LE", "1", "16000"},
	} {
		t.Run(strings.Join([]string{tc.format, tc.channels, tc.rate}, " "), func(t *testing.T) {
			// The far end of each way holds the card to it.
			args := []string{"-q", "-t", "raw", "-f", tc.format, "-c", tc.channels, "-r", tc.rate, "-D"}
			hold(t, exec.Command("arecord", append(args, "hw:Loopback,1,0", "/dev/null")...))
			hold(t, exec.Command("aplay", append(args, "hw:Loopback,1,1", "/dev/zero")...))
			p, err := OpenPlayback(side(0), ALSA)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.(*playback).stream.Config(); fmt.Sprint(got.Channels, got.Rate) != tc.channels+" "+tc.rate || alsa.PcmParamFormatNames[got.Format] != tc.format {
				t.Errorf("it plays as %+v", got)
			}
			played := 0
			playing := play(t, p, func(period []int16) {
				if played += len(period); played > hal.SampleRate/2 {
					p.(*playback).closed.Store(true)
				}
			})
			if err := <-playing; !errors.Is(err, hal.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

// hold runs a command until the test ends, and waits until it has the card open.
func hold(t *testing.T, c *exec.Cmd) {
	t.Helper()
	before := openStreams(t)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for end := time.Now().Add(longest); openStreams(t) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v does not open the card", c)
		}
	}
}

// openStreams is how many sides of the loopback card have their parameters set.
func openStreams(t *testing.T) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/asound/Loopback/pcm*/sub*/hw_params")
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	for _, path := range all {
		if text, err := os.ReadFile(path); err == nil && !strings.HasPrefix(string(text), "closed") {
			n++
		}
	}
	return n
}

// TestKernelVanishAndReturn takes the card away from both ends, and gives it back
// to the same process.
func TestKernelVanishAndReturn(t *testing.T) {
	for range 2 {
		p, c := openBoth(t, side(0), side(1))
		playing := play(t, p, (&tone{hertz: 1000}).fill)
		hear(t, c, 1000)
		unplugged := hil.UnplugCard(t)
		gone := make(chan error, 1)
		go func() {
			for {
				if _, err := c.Read(make([]int16, hal.PeriodSamples)); err != nil {
					gone <- err
					return
				}
			}
		}()
		for name, ended := range map[string]<-chan error{"Play": playing, "Read": gone} {
			select {
			case err := <-ended:
				if !errors.Is(err, hal.ErrGone) {
					t.Errorf("%s: %v", name, err)
				}
			case <-time.After(longest):
				t.Fatalf("%s does not notice", name)
			}
		}
		if err := errors.Join(p.Close(), c.Close()); err != nil {
			t.Error(err)
		}
		select {
		case err := <-unplugged:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(longest):
			t.Fatal("something still has the card open")
		}
		// Dummy is still there, and is not used instead.
		if _, err := OpenPlayback(side(0), ALSA); !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), "Dummy") {
			t.Errorf("without the card: %v", err)
		}
		if _, err := OpenCapture(side(1), ALSA); !errors.Is(err, hal.ErrGone) {
			t.Errorf("without the card: %v", err)
		}
		hil.PlugCard(t)
	}
}

// TestKernelDelay measures the way from one end of the card to the other, in the
// card's own frames: what is captured is played at once, so a click goes round, and
// its distance to the next one is what the kernel and this package hold. That is one
// period of the microphone's side and two of the loudspeaker's. The loopback card's
// timer wakes every 20 ms at best (two ticks of the bench's kernel), so the periods
// are as long; HIL_PERIOD is for a kernel that does better.
func TestKernelDelay(t *testing.T) {
	period, err := time.ParseDuration(cmp.Or(os.Getenv("HIL_PERIOD"), "20ms"))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // on a busy machine the card runs empty
		if way, ok := goRound(t, period); ok {
			t.Logf("card to card: %d frames, %d periods", way, way/samplesOf(period))
			if most := (1 + fullPeriods) * samplesOf(period); way > most {
				t.Errorf("%d frames from card to card, want %d at most", way, most)
			}
			return
		}
	}
	t.Error("the card runs empty again and again")
}

func samplesOf(d time.Duration) int { return int(d * hal.SampleRate / time.Second) }

// goRound returns the frames from a click to its return; not if the card ran empty
// or full meanwhile, or has more of its buffer kept full than at first.
func goRound(t *testing.T, period time.Duration) (frames int, ok bool) {
	t.Helper()
	speaker, mic := side(0), side(1)
	speaker.Period, mic.Period = period, period
	p, c := openBoth(t, speaker, mic)
	defer c.Close()
	defer p.Close()
	ring := make(chan int16, 1<<16)
	var clicked atomic.Bool
	play(t, p, func(out []int16) {
		for i := range out {
			select {
			case out[i] = <-ring:
			default:
				out[i] = 0
			}
		}
		if !clicked.Swap(true) {
			out[0] = 20000
		}
	})
	in := make([]int16, samplesOf(period))
	started, xruns := false, uint64(0)
	last, first := 0, p.Latency()
	for n := 0; n < hal.SampleRate; n += len(in) {
		if _, err := c.Read(in); err != nil {
			t.Fatal(err)
		}
		for i, s := range in {
			if s > 10000 {
				now := p.Xruns() + c.Xruns()
				if started && now == xruns && p.Latency() <= first {
					return n + i - last, true
				}
				started, xruns, last = true, now, n+i
			}
			if started {
				ring <- s
			}
		}
	}
	return 0, false
}
