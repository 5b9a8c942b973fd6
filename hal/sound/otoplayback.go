//go:build amd64 || arm64 || oto

// Oto loads libasound.so.2 at run time, so a binary with it is linked
// dynamically. Go's linker names a loader that a hard-float ARM or a RISC-V Debian
// does not have; there, oto takes "-tags oto" and the linker's flag -I.

package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ebitengine/oto/v3"

	"github.com/talkgate/talkgate/hal"
)

// pinned is an ALSA configuration whose default is one card.
const pinned = `</usr/share/alsa/alsa.conf>
pcm.!default { type plug slave.pcm "hw:CARD=%[1]s,DEV=%[2]d" }
ctl.!default { type hw card "%[1]s" }
`

// otoPlayback plays with oto. It implements Playback.
type otoPlayback struct {
	cfg  Config
	card int // number; negative for the system's default
	ctx  *oto.Context
	*gain
	done   chan struct{}
	closer sync.Once
	xruns  atomic.Uint64
}

// otoPeriods is how many of hal.PeriodSamples the card keeps, and oto's player
// again: each of the two is read in halves. With two, oto dies of an error on the
// bench.
const otoPeriods = 4

const (
	// otoPoll is how often the card is looked at: oto reports no underruns.
	otoPoll = 100 * time.Millisecond
	// otoIdle is after how many polls without a sound the card counts as gone.
	otoIdle = 30
)

// openOto opens the system's default, or pins ALSA's default to the configured
// card. That another card was opened shows in /proc and is refused.
func openOto(cfg Config) (Playback, error) {
	number := -1
	if cfg.Card != Default {
		card, err := cfg.find(sysfs, "p")
		if err != nil {
			return nil, err
		}
		unpin, err := pin(card, cfg)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", cfg, err)
		}
		defer unpin()
		number = card.number
	}
	ctx, ready, err := oto.NewContext(&oto.NewContextOptions{
		SampleRate: hal.SampleRate, ChannelCount: 1, Format: oto.FormatSignedInt16LE,
		BufferSize: duration(otoPeriods * hal.PeriodSamples), ApplicationName: "talkgate",
	})
	if err != nil {
		return nil, fmt.Errorf("%v: %w (%w)", cfg, ErrOnce, err)
	}
	<-ready
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%v: install libasound2, or start PulseAudio or PipeWire for this user: %w", cfg, err)
	}
	p := &otoPlayback{cfg: cfg, card: number, ctx: ctx, gain: newGain(cfg.Gain), done: make(chan struct{})}
	if _, ours := p.status(); number >= 0 && !ours {
		_ = ctx.Suspend() // it cannot be closed
		return nil, fmt.Errorf("%v: oto opened another card, which is not used: set hardware.sound.player to alsa", cfg)
	}
	return p, nil
}

// pin makes the card ALSA's default for this process and hides a sound server,
// until unpin.
func pin(card card, cfg Config) (unpin func(), err error) {
	dir, err := os.MkdirTemp("", "talkgate-alsa")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "asound.conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, pinned, card.id, cfg.Device), 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	restore := []func(){func() { os.RemoveAll(dir) }, setenv("ALSA_CONFIG_PATH", path), setenv("PULSE_SERVER", "unix:"+filepath.Join(dir, "none"))}
	return func() {
		for _, undo := range restore {
			undo()
		}
	}, nil
}

// setenv sets a variable of the environment, until undo.
func setenv(name, value string) (undo func()) {
	before, had := os.LookupEnv(name)
	os.Setenv(name, value)
	return func() {
		if os.Unsetenv(name); had {
			os.Setenv(name, before)
		}
	}
}

// Play implements hal.Playback.
func (p *otoPlayback) Play(fill func(period []int16)) error {
	pulled := &puller{fill: fill, gain: p.gain}
	player := p.ctx.NewPlayer(pulled)
	defer player.PauseAndStopReading() // fill is not called once Play has returned
	player.SetBufferSize(otoPeriods * hal.PeriodSamples * 2)
	player.Play()
	poll := time.NewTicker(otoPoll)
	defer poll.Stop()
	started, seen, idle := "", uint64(0), 0
	for {
		select {
		case <-p.done:
			return fmt.Errorf("%v: %w", p.cfg, hal.ErrClosed)
		case <-poll.C:
		}
		if err := p.ctx.Err(); err != nil {
			return fmt.Errorf("%v: it vanished (%w): %w", p.cfg, err, hal.ErrGone)
		}
		if calls := pulled.calls.Load(); calls != seen {
			seen, idle = calls, 0
		} else if idle++; idle == otoIdle {
			return fmt.Errorf("%v: it stands still: %w", p.cfg, hal.ErrGone)
		}
		if p.card < 0 {
			continue
		}
		if _, err := p.cfg.find(sysfs, "p"); err != nil {
			return err
		}
		// A stream that ran empty is started anew.
		if now, ours := p.status(); ours && now != started {
			if started != "" {
				p.xruns.Add(1)
			}
			started = now
		}
	}
}

// status looks for the stream of this process on the card: when it was started,
// as the kernel has it.
func (p *otoPlayback) status() (started string, ours bool) {
	all, _ := filepath.Glob(fmt.Sprintf("/proc/asound/card%d/pcm%dp/sub*/status", p.card, p.cfg.Device)) // the pattern is right
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		keys := map[string]string{}
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok {
				keys[strings.TrimSpace(key)] = strings.TrimSpace(value)
			}
		}
		owner, err := strconv.Atoi(keys["owner_pid"])
		if _, task := os.Stat(fmt.Sprintf("/proc/self/task/%d", owner)); err == nil && task == nil {
			return keys["trigger_time"], true
		}
	}
	return "", false
}

// Latency implements hal.Playback: the card's buffer and that of oto's player.
func (p *otoPlayback) Latency() time.Duration { return duration(2 * otoPeriods * hal.PeriodSamples) }

// Xruns implements Playback; several within a tenth of a second are one.
func (p *otoPlayback) Xruns() uint64 { return p.xruns.Load() }

// Close implements hal.Playback. Oto keeps the card, silent.
func (p *otoPlayback) Close() error {
	p.closer.Do(func() { close(p.done) })
	return nil
}

// puller makes a reader of fill.
type puller struct {
	fill  func(period []int16)
	gain  *gain
	calls atomic.Uint64
	pcm   [hal.PeriodSamples]int16
}

// Read implements io.Reader, in whole periods.
func (p *puller) Read(buf []byte) (int, error) {
	n := min(len(buf)/2, len(p.pcm))
	if n == 0 {
		return 0, io.ErrShortBuffer
	}
	p.calls.Add(1)
	p.fill(p.pcm[:n])
	p.gain.apply(p.pcm[:n])
	for i, s := range p.pcm[:n] {
		binary.LittleEndian.PutUint16(buf[2*i:], uint16(s))
	}
	return 2 * n, nil
}
