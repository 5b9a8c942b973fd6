//go:build linux && cgo

package audio

import (
	"encoding/binary"
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

// pinned is an ALSA configuration whose default is one card. The system's
// follows nothing of it, so that there is no other to fall back on.
const pinned = `</usr/share/alsa/alsa.conf>
pcm.!default { type plug slave.pcm "hw:CARD=%[1]s,DEV=%[2]d" }
ctl.!default { type hw card "%[1]s" }
`

// otoPlayback plays with oto. It implements Playback.
type otoPlayback struct {
	cfg Config
	ctx *oto.Context
	*gain
	done   chan struct{}
	closer sync.Once
	xruns  atomic.Uint64
}

// otoPeriods is how many of hal.PeriodSamples the card keeps, and oto's player
// again: each of the two is read in halves. With two, oto dies of an error on the
// bench.
const otoPeriods = 4

// otoLook is how often the card is looked at: oto tells of nothing.
const otoLook = stallLook / 5

// openOto pins the card and opens it. That another was opened shows in /proc
// and is refused.
func openOto(cfg Config) (Playback, error) {
	card, err := cfg.find(sysfs)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "talkgate-alsa")
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cfg, err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "asound.conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, pinned, card.id, cfg.Device), 0o600); err != nil {
		return nil, fmt.Errorf("%v: %w", cfg, err)
	}
	before, had := os.LookupEnv("ALSA_CONFIG_PATH")
	os.Setenv("ALSA_CONFIG_PATH", path)
	defer func() {
		if os.Unsetenv("ALSA_CONFIG_PATH"); had {
			os.Setenv("ALSA_CONFIG_PATH", before)
		}
	}()
	ctx, ready, err := oto.NewContext(&oto.NewContextOptions{
		SampleRate: hal.SampleRate, ChannelCount: 1, Format: oto.FormatSignedInt16LE,
		BufferSize: duration(otoPeriods * hal.PeriodSamples),
	})
	if err != nil {
		return nil, fmt.Errorf("%v: %w (%w)", cfg, ErrOnce, err)
	}
	<-ready
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%v: %w", cfg, err)
	}
	p := &otoPlayback{cfg: cfg, ctx: ctx, gain: newGain(cfg.Gain), done: make(chan struct{})}
	if _, ours := p.status(card.number); !ours {
		_ = ctx.Suspend() // it cannot be closed
		return nil, fmt.Errorf("%v: oto opened another card, which is not used", cfg)
	}
	return p, nil
}

// Play implements hal.Playback.
func (p *otoPlayback) Play(fill func(period []int16)) error {
	pulled := &puller{fill: fill, gain: p.gain}
	player := p.ctx.NewPlayer(pulled)
	defer player.Close()
	player.SetBufferSize(otoPeriods * hal.PeriodSamples * 2)
	player.Play()
	look := time.NewTicker(otoLook)
	defer look.Stop()
	started := ""
	var still stall
	for n := 1; ; n++ {
		select {
		case <-p.done:
			return fmt.Errorf("%v: %w", p.cfg, hal.ErrClosed)
		case <-look.C:
		}
		if err := p.ctx.Err(); err != nil {
			return fmt.Errorf("%v: it vanished (%w): %w", p.cfg, err, hal.ErrGone)
		}
		card, err := p.cfg.find(sysfs)
		if err != nil {
			return err
		}
		if n%int(stallLook/otoLook) == 0 && still.look(pulled.calls.Load()) {
			return fmt.Errorf("%v: it stands still: %w", p.cfg, hal.ErrGone)
		}
		// A stream that ran empty is started anew.
		if now, ours := p.status(card.number); ours && now != started {
			if started != "" {
				p.xruns.Add(1)
			}
			started = now
		}
	}
}

// status looks for the stream of this process on a card: when it was started,
// as the kernel has it.
func (p *otoPlayback) status(card int) (started string, ours bool) {
	all, _ := filepath.Glob(fmt.Sprintf("/proc/asound/card%d/pcm%dp/sub*/status", card, p.cfg.Device)) // the pattern is right
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
