//go:build linux && cgo

package audio

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gen2brain/malgo"

	"github.com/talkgate/talkgate/hal"
)

// periods is how many of hal.PeriodSamples a card keeps for a process that does
// not run: 40 ms.
const periods = 4

// device is one side of a card, opened with miniaudio.
type device struct {
	cfg   Config
	ctx   *malgo.AllocatedContext
	dev   *malgo.Device
	xruns atomic.Uint64
	calls atomic.Uint64 // of the card's thread
	done  chan struct{} // closed when the device has ended

	mu    sync.Mutex
	err   error // set before done is closed
	freed bool
}

// openDevice opens a side of the configured card, and no other: the name that
// ALSA is given has the card's ID in it.
func openDevice(cfg Config, kind malgo.DeviceType, data malgo.DataProc) (*device, error) {
	card, err := cfg.find(sysfs)
	if err != nil {
		return nil, err
	}
	d := &device{cfg: cfg, done: make(chan struct{})}
	// Not a real-time thread: spinning, it would starve all others of one core.
	how := malgo.ContextConfig{ThreadPriority: malgo.ThreadPriorityNormal}
	d.ctx, err = malgo.InitContext([]malgo.Backend{malgo.BackendAlsa}, how, d.heed)
	if err != nil {
		return nil, fmt.Errorf("%v: ALSA: expected libasound.so.2 to be installed: %w", cfg, err)
	}
	var id malgo.DeviceID
	copy(id[:], fmt.Sprintf("hw:CARD=%s,DEV=%d", card.id, cfg.Device))
	side := malgo.SubConfig{DeviceID: id.Pointer(), Format: malgo.FormatS16, Channels: 1}
	defer free(side.DeviceID)
	wanted := malgo.DefaultDeviceConfig(kind)
	wanted.SampleRate = hal.SampleRate
	wanted.PeriodSizeInFrames = hal.PeriodSamples
	wanted.Periods = periods
	wanted.NoFixedSizedCallback = 1 // it would add a period of delay
	wanted.Capture, wanted.Playback = side, side
	d.dev, err = malgo.InitDevice(d.ctx.Context, wanted, malgo.DeviceCallbacks{Data: data, Stop: d.stopped})
	if err != nil {
		_ = d.ctx.Uninit()
		d.ctx.Free()
		if _, gone := cfg.find(sysfs); gone != nil {
			return nil, gone
		}
		return nil, fmt.Errorf("%v: it cannot be opened; is another program using it? %w", cfg, err)
	}
	return d, nil
}

// heed is given what miniaudio logs, which is the one way it tells of overruns
// and of a card that vanished, over which it spins.
func (d *device) heed(message string) {
	switch message = strings.TrimSpace(message); {
	case strings.HasPrefix(message, "EPIPE"):
		d.xruns.Add(1)
	case strings.HasPrefix(message, "[ALSA] POLLERR detected. status = 8"): // SND_PCM_STATE_DISCONNECTED
		d.stopped()
	}
}

// stopped is called when the device has stopped, by itself or by us.
func (d *device) stopped() { d.end(fmt.Errorf("%v: it vanished: %w", d.cfg, hal.ErrGone)) }

// end notes why the device has ended, once.
func (d *device) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
		close(d.done)
	}
}

func (d *device) ended() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *device) start() error {
	if err := d.dev.Start(); err != nil {
		if _, gone := d.cfg.find(sysfs); gone != nil {
			err = gone
		}
		return errors.Join(fmt.Errorf("%v: it does not start: %w", d.cfg, err), d.ended())
	}
	go d.watch()
	return nil
}

// watch ends a device whose card does nothing any more, without an error.
func (d *device) watch() {
	look := time.NewTicker(stallLook)
	defer look.Stop()
	var still stall
	for {
		select {
		case <-d.done:
			return
		case <-look.C:
		}
		if still.look(d.calls.Load()) {
			d.end(fmt.Errorf("%v: it stands still: %w", d.cfg, hal.ErrGone))
		}
	}
}

// Xruns is how often the card ran full or empty.
func (d *device) Xruns() uint64 { return d.xruns.Load() }

// Close implements hal.Capture and hal.Playback. No callback runs after it.
//
// A card that has vanished, or stands still, is not closed: miniaudio spins or
// waits over it, and when told to stop takes the error for a number of samples.
// Its thread ends with the process.
func (d *device) Close() error {
	d.end(fmt.Errorf("%v: %w", d.cfg, hal.ErrClosed))
	d.mu.Lock()
	leave := d.freed || errors.Is(d.err, hal.ErrGone)
	d.freed = true
	d.mu.Unlock()
	if leave {
		return nil
	}
	d.dev.Uninit()
	err := d.ctx.Uninit()
	d.ctx.Free()
	return err
}
