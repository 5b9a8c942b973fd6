package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/gateway/clock"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
)

const (
	// checkTime bounds each check that asks over the network.
	checkTime = 10 * time.Second
	// levelTime is how long the microphone is listened to.
	levelTime = time.Second
)

// checker checks what a port needs. Each check says what is there and, unless
// that is right, what to do.
type checker struct {
	cfg     config.Config
	drivers daemon.Drivers
}

// check is one of the checks.
type check struct {
	name string
	do   func(context.Context) (found, do string)
}

// Examine does all checks, at the same time. One that fails does not keep the others
// from being done.
func Examine(ctx context.Context, path string, cfg config.Config, drivers daemon.Drivers) []status.Finding {
	d := checker{cfg: cfg, drivers: drivers}
	findings := []status.Finding{{Check: "configuration", OK: true, Found: path}}
	findings = append(findings, daemon.CheckFiles(cfg)...)
	findings = append(findings, daemon.CheckAddress(cfg.Status.Listen))
	checks := []check{
		{"clock", d.clock},
		{"token", d.token},
		{"lines and cards", d.hardware},
		{"mixer", d.mixer},
		{"input devices", d.inputs},
		{"Redis", d.redis},
		{"talk rights", d.rights},
		{"link", d.link},
	}
	if d.cfg.Link.LiveKit != nil {
		checks = append(checks, check{"guard", d.guard})
	}
	done := make([]status.Finding, len(checks))
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() {
			found, do := check.do(ctx)
			done[i] = status.Finding{Check: check.name, OK: do == "", Found: found, Do: do}
		})
	}
	all.Wait()
	return append(findings, done...)
}

func (d checker) clock(context.Context) (found, do string) {
	c := clock.New(slog.New(slog.DiscardHandler))
	now := c.Now().UTC().Format(time.RFC3339)
	if !c.Right() {
		return now + " cannot be", status.SetClock
	}
	var t unix.Timex
	if state, err := unix.Adjtimex(&t); err != nil || state == unix.TIME_ERROR {
		return now + ", not synchronized by a time server: certificates and tokens may seem expired", ""
	}
	return now + ", synchronized", ""
}

func (d checker) hardware(context.Context) (found, do string) {
	err := TryHardware(d.cfg, d.drivers, func(b daemon.Board) error {
		var words []string
		for _, l := range status.LinesOf(b.Hardware) {
			active, err := l.In.Active()
			if err != nil {
				return err
			}
			words = append(words, l.Says(active))
			if active {
				do = l.Do
			}
			if err := l.Missing(); err != nil {
				words, do = append(words, err.Error()), status.PlugIn
			}
		}
		pcm, err := record(b.Mic, levelTime)
		if err != nil {
			return err
		}
		var level media.Level
		level.Measure(pcm)
		words = append(words, fmt.Sprintf("the microphone hears %.0f dBFS (peak %.0f)", level.RMS(), level.Peak()))
		found = strings.Join(words, ", ")
		if err := d.port(b); err != nil {
			return err
		}
		if do == "" && level.Peak() > -1 {
			do = "turn the microphone's gain down: it is overdriven ('alsamixer')"
		}
		return nil
	})
	if errors.Is(err, hal.ErrGone) {
		return err.Error(), status.PlugIn
	}
	if err != nil {
		return err.Error(), "if the port runs, stop it; else correct what the error names"
	}
	return found, do
}

// port makes the port of the board, without starting it.
func (d checker) port(b daemon.Board) error {
	log := slog.New(slog.DiscardHandler)
	state, err := options.OpenRedis(d.cfg.Redis, log)
	if err != nil {
		return nil // reported by its own check
	}
	defer state.Close()
	links, err := d.drivers.Links(d.cfg, func() string { return d.cfg.Channel }, state, log)
	if err != nil {
		return nil // reported by its own check
	}
	return daemon.CheckPort(d.cfg, b, links, state)
}

// maxControls is how many controls of a card are shown.
const maxControls = 60

func (d checker) mixer(context.Context) (found, do string) {
	controls, known, err := d.drivers.Mixer(d.cfg.Hardware)
	switch {
	case errors.Is(err, hal.ErrGone):
		return err.Error(), status.PlugIn
	case err != nil:
		return err.Error(), "correct what the error names"
	case len(controls) == 0:
		return "no controls", ""
	}
	if found = strings.Join(controls[:min(maxControls, len(controls))], "; "); known != "" {
		found = known + ": " + found
	}
	if b := d.cfg.Hardware.Board; known != "" && b != nil && b.Sound.Mixer == "" {
		return found, "set hardware.sound.mixer to known, or to the controls that matter: now they are as whoever had the card last left them"
	}
	return found, ""
}

// inputs lists what has keys: a foot switch, a Bluetooth button.
func (d checker) inputs(context.Context) (found, do string) {
	all, err := d.drivers.Inputs()
	switch {
	case err != nil:
		return err.Error(), "correct what the error names"
	case len(all) == 0:
		return "none", ""
	}
	return strings.Join(all, "; "), ""
}

// state runs f with Redis.
func (d checker) state(ctx context.Context, f func(context.Context, *redis.Client) (found, do string)) (found, do string) {
	state, err := options.OpenRedis(d.cfg.Redis, slog.New(slog.DiscardHandler))
	if err != nil {
		return err.Error(), "correct redis in the configuration"
	}
	defer state.Close()
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	return f(ctx, state)
}

func (d checker) redis(ctx context.Context) (found, do string) {
	return d.state(ctx, func(ctx context.Context, state *redis.Client) (found, do string) {
		var trips []time.Duration
		for range 6 { // the first connects
			began := time.Now()
			if err := state.Ping(ctx); err != nil {
				f := conn.FaultOf(err)
				return f.Kind.String() + ": " + f.Found, f.Do
			}
			trips = append(trips, time.Since(began))
		}
		for _, channel := range d.talkChannels() {
			if err := state.Rehearse(ctx, channel, d.cfg.Identity.UserID); err != nil {
				f := conn.FaultOf(err)
				return f.Kind.String() + ": " + f.Found, f.Do
			}
		}
		if d.cfg.Talk.Budget > 0 {
			if err := state.RehearseBudget(ctx, d.cfg.Identity.UserID); err != nil {
				f := conn.FaultOf(err)
				return f.Kind.String() + ": " + f.Found, f.Do
			}
		}
		trip := slices.Max(trips[1:])
		if found = fmt.Sprintf("answers within %v", trip.Round(10*time.Microsecond)); trip > d.cfg.Talk.Lease/3 {
			return found, "bring Redis nearer: a talk spurt has to be renewed every third of talk.lease"
		}
		return found, ""
	})
}

func (d checker) link(ctx context.Context) (found, do string) {
	return d.state(ctx, func(ctx context.Context, state *redis.Client) (found, do string) {
		var said strings.Builder
		log := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelWarn}))
		links, err := d.drivers.Links(d.cfg, func() string { return d.cfg.Channel }, state, log)
		if err != nil {
			return err.Error(), "correct link in the configuration"
		}
		reached := make(chan layers, 1)
		go func() { reached <- reach(ctx, d.cfg.Link) }()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		began, up := time.Now(), linkWait{cancel: cancel}
		if err := links.Link(d.cfg.Channel).Run(ctx, &up); err != nil {
			return err.Error(), "correct link in the configuration"
		}
		if !up.up.Load() {
			first, _, _ := strings.Cut(said.String(), "\n")
			layers := <-reached
			return fmt.Sprintf("does not come up: %s; %s", layers.found, first), cmp.Or(layers.do, status.ReachServer)
		}
		return fmt.Sprintf("up after %v", time.Since(began).Round(time.Millisecond)), ""
	})
}

// TryHardware opens the hardware for f.
func TryHardware(cfg config.Config, drivers daemon.Drivers, f func(daemon.Board) error) error {
	b, err := drivers.Hardware(cfg.Hardware, func() {})
	if err != nil {
		return err
	}
	return errors.Join(f(b), b.Close())
}
