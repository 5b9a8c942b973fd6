// Package display shows on a small display how a port is: its channel, who talks, its
// state, the level, and what is missing.
//
// It only reads. A display that hangs or is unplugged delays nothing but its own goroutine,
// and is opened anew until it answers.
package display

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Options are what a Display is made of.
type Options struct {
	// Open opens the display.
	Open func() (hal.Display, error)
	// View is asked several times a second what there is to show.
	View func() View
	// Dim and Off are after how long without anything new the display is dimmed and turned
	// off; 0 is never. It is not turned off while something is missing or somebody talks.
	Dim, Off time.Duration
	Log      *slog.Logger
}

const (
	// period is how often the view is looked at.
	period = 200 * time.Millisecond
	// shiftEvery is how long a picture stays where it is: the points of an OLED that are
	// always lit lose their brightness.
	shiftEvery = time.Minute
	// openAgain is how long a display that does not answer is left alone.
	openAgain = 5 * time.Second
)

// Brightness of the display.
const (
	bright = 0xCF
	dimmed = 0x01
)

// Display follows a View. Its zero value is of no use: see New.
type Display struct {
	opt     Options
	words   View
	changed time.Time
	began   time.Time
	answers atomic.Bool
}

// New returns a Display that shows nothing before Run.
func New(opt Options) *Display { return &Display{opt: opt} }

// Answers reports whether the display took the latest picture. Any goroutine may ask.
func (d *Display) Answers() bool { return d.answers.Load() }

// Run shows the view until ctx ends, then turns the display off.
func (d *Display) Run(ctx context.Context) {
	d.began = time.Now()
	d.changed = d.began
	said := false
	for ctx.Err() == nil {
		screen, err := d.opt.Open()
		if err == nil {
			err = d.follow(ctx, screen, func() {
				if said {
					d.opt.Log.Info("the display answers again")
				}
				said = false
			})
			d.answers.Store(false)
			err = errors.Join(err, screen.Close())
		}
		if ctx.Err() != nil {
			return
		}
		if !said {
			d.opt.Log.Warn("the display does not answer; it is tried again", "every", openAgain.String(), "err", err)
			said = true
		}
		wait(ctx, openAgain)
	}
}

// follow shows the view on screen until ctx ends or the screen fails. It calls shown after
// each picture.
func (d *Display) follow(ctx context.Context, screen hal.Display, shown func()) error {
	for ctx.Err() == nil {
		p, brightness := d.next(time.Now())
		if err := screen.Show(p, brightness); err != nil {
			return err
		}
		d.answers.Store(true)
		shown()
		wait(ctx, period)
	}
	return nil
}

// next is what to show now.
func (d *Display) next(now time.Time) (hal.Picture, byte) {
	v := d.opt.View()
	if words := v.words(); words != d.words || v.live() {
		d.words, d.changed = words, now
	}
	idle := now.Sub(d.changed)
	if d.opt.Off > 0 && idle >= d.opt.Off && v.Missing == "" {
		return hal.Picture{}, 0
	}
	right, down := shift(int(now.Sub(d.began) / shiftEvery))
	brightness := byte(bright)
	if d.opt.Dim > 0 && idle >= d.opt.Dim {
		brightness = dimmed
	}
	return Render(v, right, down), brightness
}

// shift visits every place in turn, so that each point is lit and dark alike.
func shift(n int) (right, down int) {
	return n % (shiftX + 1), n / (shiftX + 1) % (shiftY + 1)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
