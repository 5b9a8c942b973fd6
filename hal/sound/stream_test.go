package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gen2brain/alsa"
	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/hal"
)

// card48 is a card that does what we want.
var card48 = alsa.Config{Format: alsa.SNDRV_PCM_FORMAT_S16_LE, Channels: 1, Rate: 48000, PeriodSize: 480, PeriodCount: 32, StartThreshold: 960}

// kernel stands in for a PCM device. Every exchange moves one period and counts
// its samples up from zero. An error in fails comes instead of the exchange with
// that number.
type kernel struct {
	cfg      alsa.Config
	fails    map[int]error
	forever  error // comes instead of every exchange, once it is set
	n        int   // exchanges, failed ones too
	sample   int
	prepared atomic.Int32
	started  int
	skip     int // samples that are lost with a failure
	still    atomic.Bool
	written  []int16
	closed   atomic.Bool
}

func (k *kernel) Config() alsa.Config              { return k.cfg }
func (k *kernel) SetConfig(cfg *alsa.Config) error { k.cfg = *cfg; return nil }
func (k *kernel) Prepare() error                   { k.prepared.Add(1); return nil }
func (k *kernel) Start() error                     { k.started++; return nil }
func (k *kernel) Stop() error                      { return nil }
func (k *kernel) Delay() (int, error)              { return int(k.cfg.StartThreshold), nil }
func (k *kernel) Close() error                     { k.closed.Store(true); return nil }
func (k *kernel) Timestamp() (uint32, time.Time, error) {
	var now unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return k.cfg.PeriodSize, time.Unix(now.Unix()), err
}

func (k *kernel) Wait(int) (bool, error) {
	if k.still.Load() {
		time.Sleep(time.Millisecond)
		return false, nil
	}
	if k.forever != nil {
		return false, k.forever
	}
	k.n++
	err := k.fails[k.n]
	if err != nil {
		k.sample += k.skip
	}
	return err == nil, err
}

func (k *kernel) Read(frames any) (int, error) {
	raw := frames.([]byte)
	for i := 0; i+1 < len(raw); i += 2 {
		binary.LittleEndian.PutUint16(raw[i:], uint16(k.sample))
		k.sample++
	}
	return int(k.cfg.PeriodSize), nil
}

func (k *kernel) Write(frames any) (int, error) {
	raw := frames.([]byte)
	for i := 0; i+1 < len(raw); i += 2 {
		k.written = append(k.written, int16(binary.LittleEndian.Uint16(raw[i:])))
	}
	return int(k.cfg.PeriodSize), nil
}

// failures are what a kernel says of a stream that can go on.
var failures = []error{syscall.EPIPE, syscall.ESTRPIPE, syscall.EIO}

func TestCaptureGoesOnAfterFailures(t *testing.T) {
	for _, failure := range failures {
		t.Run(failure.Error(), func(t *testing.T) {
			k := &kernel{cfg: card48, fails: map[int]error{3: fmt.Errorf("wait: %w", failure)}}
			c := newCapture(Config{}, k)
			period := make([]int16, 480)
			for range 5 {
				if _, err := c.Read(period); err != nil {
					t.Fatal(err)
				}
			}
			if k.prepared.Load() != 1 || k.started != 2 || c.Xruns() != 1 {
				t.Errorf("prepared %d, started %d, counted %d", k.prepared.Load(), k.started, c.Xruns())
			}
		})
	}
}

func TestPlaybackGoesOnAfterFailures(t *testing.T) {
	for _, failure := range failures {
		t.Run(failure.Error(), func(t *testing.T) {
			k := &kernel{cfg: card48, fails: map[int]error{3: fmt.Errorf("wait: %w", failure), 9: syscall.ENODEV}}
			p := newPlayback(Config{}, k)
			next := int16(0)
			err := p.Play(func(period []int16) {
				for i := range period {
					period[i] = next
					next++
				}
			})
			if !errors.Is(err, hal.ErrGone) {
				t.Error(err)
			}
			if k.prepared.Load() != 1 || p.Xruns() != 1 {
				t.Errorf("prepared %d, counted %d", k.prepared.Load(), p.Xruns())
			}
			for i, s := range k.written {
				if s != int16(i) {
					t.Fatalf("sample %d is %d", i, s)
				}
			}
			if len(k.written) != 7*480 {
				t.Errorf("%d samples are played", len(k.written))
			}
		})
	}
}

func TestACardThatVanishesIsGone(t *testing.T) {
	for name, k := range map[string]*kernel{
		"unplugged":    {cfg: card48, fails: map[int]error{2: syscall.ENODEV}},
		"always fails": {cfg: card48, forever: syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCapture(Config{}, k)
			for {
				_, err := c.Read(make([]int16, 480))
				if errors.Is(err, hal.ErrGone) {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestACardThatStandsStillIsGone(t *testing.T) {
	k := &kernel{cfg: card48}
	k.still.Store(true)
	if err := newPlayback(Config{}, k).Play(func([]int16) {}); !errors.Is(err, hal.ErrGone) {
		t.Error(err)
	}
}

func TestCloseEndsReadAndPlay(t *testing.T) {
	k, l := &kernel{cfg: card48}, &kernel{cfg: card48}
	k.still.Store(true)
	c, p := newCapture(Config{}, k), newPlayback(Config{}, l)
	ended := make(chan error, 2)
	go func() {
		_, err := c.Read(make([]int16, 480))
		ended <- err
	}()
	playing := make(chan struct{}, 1)
	go func() {
		ended <- p.Play(func([]int16) {
			select {
			case playing <- struct{}{}:
			default:
			}
			l.written = nil
		})
	}()
	<-playing
	if err := errors.Join(c.Close(), p.Close(), c.Close(), p.Close()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, hal.ErrClosed) {
			t.Error(err)
		}
	}
	if !k.closed.Load() || !l.closed.Load() {
		t.Error("a device stays open")
	}
}

// TestPlaybackGrowsOnlyOnABoardThatIsOftenLate: one underrun costs no delay.
func TestPlaybackGrowsOnlyOnABoardThatIsOftenLate(t *testing.T) {
	for name, tc := range map[string]struct {
		fails map[int]error
		want  uint32
	}{
		"once":          {map[int]error{5: syscall.EPIPE, 2000: syscall.ENODEV}, 2},
		"far apart":     {map[int]error{5: syscall.EPIPE, 1900: syscall.EPIPE, 2000: syscall.ENODEV}, 2},
		"twice":         {map[int]error{5: syscall.EPIPE, 9: syscall.EPIPE, 2000: syscall.ENODEV}, 3},
		"again, again":  {map[int]error{5: syscall.EPIPE, 9: syscall.EPIPE, 12: syscall.EPIPE, 15: syscall.EPIPE, 18: syscall.EPIPE, 2000: syscall.ENODEV}, 4},
		"after a sleep": {map[int]error{5: syscall.ESTRPIPE, 9: syscall.ESTRPIPE, 2000: syscall.ENODEV}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kernel{cfg: card48, fails: tc.fails}
			k.cfg = plays(k.cfg, fullPeriods)
			p := newPlayback(Config{}, k)
			_ = p.Play(func([]int16) {}) // it ends with ENODEV
			if got := k.cfg.StartThreshold / k.cfg.PeriodSize; got != tc.want || k.cfg.AvailMin != (32-tc.want+1)*480 {
				t.Errorf("%d periods, want %d, woken at %d", got, tc.want, k.cfg.AvailMin)
			}
			if want := duration(480 * int(tc.want)); p.Latency() != want {
				t.Errorf("latency %v, want %v", p.Latency(), want)
			}
		})
	}
}

// TestNothingIsAllocated has cards of every kind.
func TestNothingIsAllocated(t *testing.T) {
	for _, rate := range []uint32{48000, 44100} {
		cfg := card48
		cfg.Rate, cfg.PeriodSize, cfg.Channels = rate, rate/100, 2
		c := newCapture(Config{}, &kernel{cfg: cfg})
		period := make([]int16, hal.PeriodSamples)
		if n := testing.AllocsPerRun(100, func() { _, _ = c.Read(period) }); n != 0 {
			t.Errorf("%d Hz: %v allocations for a period captured", rate, n)
		}
		k := &kernel{cfg: cfg}
		p := newPlayback(Config{Gain: 3}, k)
		k.written = make([]int16, 0, 1<<20)
		if n := testing.AllocsPerRun(100, func() { _ = p.exchange(func([]int16) {}) }); n != 0 {
			t.Errorf("%d Hz: %v allocations for a period played", rate, n)
		}
	}
}
